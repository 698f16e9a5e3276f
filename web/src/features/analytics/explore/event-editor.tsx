import { ListFilter, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { number } from "#/lib/format.ts";
import { Combobox } from "#/ui/combobox.tsx";
import { IconButton } from "#/ui/icon-button.tsx";
import { ConditionForm } from "./condition-form.tsx";
import styles from "./explore.module.css";
import {
  type Condition,
  conditionLabel,
  type EventChoice,
  LIMITS,
  type PropertyCondition,
  propertyLabel,
} from "./model.ts";
import type { Choices } from "./queries.ts";

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
  const properties = event.properties ?? [];
  const names = choices.names.map((one) => ({ value: one.value, label: one.value, detail: number(one.people) }));
  const known = event.name === undefined || event.name === null || names.some((one) => one.value === event.name);
  const options = [
    { value: ANY, label: "Any event" },
    ...(known ? names : [{ value: event.name ?? "", label: event.name ?? "" }, ...names]),
  ];
  const put = (next: Condition[]) => onChange({ ...event, conditions: next });
  const putProperties = (next: PropertyCondition[]) => onChange({ ...event, properties: next });
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
        {conditions.length + properties.length < LIMITS.conditions ? (
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
      {properties.map((condition, place) => (
        <div key={`property ${propertyLabel(condition)}`} className={styles.condition}>
          <span>{propertyLabel(condition)}</span>
          <IconButton
            size="small"
            label={`Remove the condition ${propertyLabel(condition)}`}
            icon={<X size={12} aria-hidden="true" />}
            onClick={() => putProperties(properties.filter((_, at) => at !== place))}
          />
        </div>
      ))}
      {adding ? (
        <ConditionForm
          event={event.name ?? undefined}
          choices={choices}
          onCancel={() => setAdding(false)}
          onAdd={(condition) => {
            setAdding(false);
            if ("property" in condition) putProperties([...properties, condition]);
            else put([...conditions, condition]);
          }}
        />
      ) : null}
    </>
  );
}
