import { Plus, X } from "lucide-react";
import { useState } from "react";
import { Button } from "#/ui/button.tsx";
import { IconButton } from "#/ui/icon-button.tsx";
import { Select } from "#/ui/select.tsx";
import { CompanyForm } from "./condition-form.tsx";
import { EventEditor } from "./event-editor.tsx";
import styles from "./explore.module.css";
import { LIMITS, propertyLabel, type Segment, type SegmentCondition } from "./model.ts";
import type { Choices } from "./queries.ts";

interface SegmentEditorProps {
  segment: Segment | undefined;
  choices: Choices;
  onChange: (next: Segment | undefined) => void;
}

const TIMES = [1, 2, 3, 5, 10, 20, 50].map((times) => ({
  value: String(times),
  label: times === 1 ? "once" : `${times} times`,
}));

/** The people who count: by what they did, or did not do, in the period, and by the company they belong to. */
export function SegmentEditor({ segment, choices, onChange }: SegmentEditorProps) {
  const [adding, setAdding] = useState(false);
  const conditions = segment?.conditions ?? [];
  const companies = segment?.companies ?? [];
  const set = (next: Pick<Segment, "conditions" | "companies">) =>
    onChange(
      (next.conditions ?? []).length + (next.companies ?? []).length === 0
        ? undefined
        : { match: segment?.match ?? "all", ...next },
    );
  const put = (next: SegmentCondition[]) => set({ conditions: next, companies });
  const room = conditions.length + companies.length < LIMITS.segment;
  const change = (place: number, part: Partial<SegmentCondition>) =>
    put(conditions.map((one, at) => (at === place ? { ...one, ...part } : one)));
  return (
    <div className={styles.group}>
      <h2>Of people who</h2>
      {conditions.length + companies.length > 1 ? (
        <Select
          form="filter"
          label="For whom"
          options={[
            { value: "all", label: "all of this holds" },
            { value: "any", label: "any of this holds" },
          ]}
          value={segment?.match ?? "all"}
          onChange={(match) => onChange({ match, conditions, companies })}
        />
      ) : null}
      {conditions.map((condition, place) => {
        const times = String(condition.times ?? 1);
        const known = TIMES.some((one) => one.value === times);
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a condition has no name of its own; its place is what it is
          <div key={place} className={styles.event}>
            <div className={styles.line}>
              <Select
                form="filter"
                size="small"
                label={`Condition ${place + 1}`}
                hideLabel
                options={[
                  { value: "did", label: "did" },
                  { value: "not", label: "did not do" },
                ]}
                value={condition.did ? "did" : "not"}
                onChange={(did) => change(place, { did: did === "did" })}
              />
              <Select
                form="filter"
                size="small"
                label="at least"
                options={known ? TIMES : [...TIMES, { value: times, label: `${times} times` }]}
                value={times}
                onChange={(next) => change(place, { times: Number(next) })}
              />
            </div>
            <EventEditor
              label={`Event of condition ${place + 1}`}
              event={condition.event}
              choices={choices}
              onChange={(event) => change(place, { event })}
              tools={
                <IconButton
                  size="small"
                  label={`Remove condition ${place + 1}`}
                  icon={<X size={14} aria-hidden="true" />}
                  onClick={() => put(conditions.filter((_, at) => at !== place))}
                />
              }
            />
          </div>
        );
      })}
      {companies.map((condition, place) => (
        <div key={propertyLabel(condition)} className={styles.condition}>
          <span>belongs to a company whose {propertyLabel(condition)}</span>
          <IconButton
            size="small"
            label={`Remove the condition on the company, ${propertyLabel(condition)}`}
            icon={<X size={12} aria-hidden="true" />}
            onClick={() => set({ conditions, companies: companies.filter((_, at) => at !== place) })}
          />
        </div>
      ))}
      {adding ? (
        <CompanyForm
          choices={choices}
          onCancel={() => setAdding(false)}
          onAdd={(condition) => {
            setAdding(false);
            if ("property" in condition) set({ conditions, companies: [...companies, condition] });
          }}
        />
      ) : null}
      {room ? (
        <Button
          size="small"
          look="quiet"
          icon={<Plus size={14} aria-hidden="true" />}
          onClick={() => {
            const name = choices.names[0]?.value;
            put([...conditions, { did: true, times: 1, event: name === undefined ? {} : { name } }]);
          }}
        >
          {conditions.length === 0 ? "Narrow down to people who did something" : "Add condition"}
        </Button>
      ) : null}
      {room && !adding && choices.company_properties.length > 0 ? (
        <Button size="small" look="quiet" icon={<Plus size={14} aria-hidden="true" />} onClick={() => setAdding(true)}>
          Narrow down by their company
        </Button>
      ) : null}
    </div>
  );
}
