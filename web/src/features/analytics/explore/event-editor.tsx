import { useQuery } from "@tanstack/react-query";
import { ListFilter, Plus, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { number } from "#/lib/format.ts";
import { Button } from "#/ui/button.tsx";
import { Combobox } from "#/ui/combobox.tsx";
import { IconButton } from "#/ui/icon-button.tsx";
import { Select } from "#/ui/select.tsx";
import styles from "./explore.module.css";
import {
  type Condition,
  conditionLabel,
  type EventChoice,
  type ExploreColumn,
  LIMITS,
  OPS,
  textLabel,
} from "./model.ts";
import { type Choices, textsQuery } from "./queries.ts";

const ANY = "\u0000any";

interface EventEditorProps {
  label: string;
  /** Stands before the name: the number of a step. */
  mark?: string | undefined;
  event: EventChoice;
  choices: Choices;
  onChange: (next: EventChoice) => void;
  tools?: ReactNode;
}

/** One event by its name, and conditions on what it says. */
export function EventEditor({ label, mark, event, choices, onChange, tools }: EventEditorProps) {
  const [adding, setAdding] = useState(false);
  const conditions = event.conditions ?? [];
  const names = choices.names.map((one) => ({ value: one.value, label: one.value, detail: number(one.people) }));
  const known = event.name === undefined || event.name === null || names.some((one) => one.value === event.name);
  const options = [
    { value: ANY, label: "Any event" },
    ...(known ? names : [{ value: event.name ?? "", label: event.name ?? "" }, ...names]),
  ];
  const put = (next: Condition[]) => onChange({ ...event, conditions: next });
  return (
    <>
      <div className={styles.line}>
        {mark ? <span className={styles.mark}>{mark}</span> : null}
        <div className={styles.grow}>
          <Combobox
            form="bare"
            label={label}
            options={options}
            value={event.name ?? ANY}
            onChange={(name) => {
              const { name: _, ...rest } = event;
              onChange(name === null || name === ANY ? rest : { ...rest, name });
            }}
          />
        </div>
        {conditions.length < LIMITS.conditions ? (
          <IconButton
            size="small"
            label={`Add a condition to ${label.toLowerCase()}`}
            icon={<ListFilter size={14} aria-hidden="true" />}
            onClick={() => setAdding(true)}
          />
        ) : null}
        {tools}
      </div>
      {conditions.map((condition, place) => (
        <div key={conditionLabel(condition, [])} className={styles.condition}>
          <span>{conditionLabel(condition, choices.columns)}</span>
          <IconButton
            size="small"
            label={`Remove the condition ${conditionLabel(condition, choices.columns)}`}
            icon={<X size={12} aria-hidden="true" />}
            onClick={() => put(conditions.filter((_, at) => at !== place))}
          />
        </div>
      ))}
      {adding ? (
        <ConditionForm
          choices={choices}
          onCancel={() => setAdding(false)}
          onAdd={(condition) => {
            setAdding(false);
            put([...conditions, condition]);
          }}
        />
      ) : null}
    </>
  );
}

interface ConditionFormProps {
  choices: Choices;
  onAdd: (condition: Condition) => void;
  onCancel: () => void;
}

function ConditionForm({ choices, onAdd, onCancel }: ConditionFormProps) {
  const [column, setColumn] = useState<ExploreColumn>("channel");
  const [op, setOp] = useState<Condition["op"]>("in");
  const [values, setValues] = useState<string[]>([]);
  const [part, setPart] = useState("");
  const exact = op === "in" || op === "not_in";
  const texts = useQuery({ ...textsQuery(column, ""), enabled: exact });
  const ready = exact ? values : part.trim() === "" ? [] : [part.trim()];
  const left = (texts.data ?? []).filter((one) => !values.includes(one.value));
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out as a grid everywhere
    <div
      className={styles.form}
      role="group"
      aria-label="New condition"
      onKeyDown={(event) => {
        if (event.key === "Escape") onCancel();
      }}
    >
      <Select
        form="filter"
        label="Column"
        options={choices.columns.filter((one) => one.id !== "name").map(({ id, name }) => ({ value: id, label: name }))}
        value={column}
        onChange={(next) => {
          setColumn(next);
          setValues([]);
        }}
      />
      <Select form="filter" label="Condition" hideLabel options={OPS} value={op} onChange={setOp} />
      {exact ? (
        <Combobox
          form="bare"
          label="Values"
          placeholder={values.length === 0 ? "Choose values" : values.map(textLabel).join(", ")}
          options={left.map((one) => ({
            value: one.value,
            label: textLabel(one.value),
            detail: number(one.people),
          }))}
          value={null}
          onChange={(value) => {
            if (value !== null) setValues([...values, value]);
          }}
        />
      ) : (
        <input
          className={styles.input}
          aria-label="Part of the text"
          placeholder="Part of the text"
          value={part}
          maxLength={500}
          onChange={(event) => setPart(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && ready.length > 0) onAdd({ column, op, values: ready });
          }}
        />
      )}
      <div className={styles.line}>
        <Button
          size="small"
          icon={<Plus size={14} aria-hidden="true" />}
          disabled={ready.length === 0}
          onClick={() => onAdd({ column, op, values: ready })}
        >
          Add condition
        </Button>
        <Button size="small" look="quiet" onClick={onCancel}>
          Cancel
        </Button>
      </div>
    </div>
  );
}
