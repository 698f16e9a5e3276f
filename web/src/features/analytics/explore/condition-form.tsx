import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { number } from "#/lib/format.ts";
import { Button } from "#/ui/button.tsx";
import { Combobox } from "#/ui/combobox.tsx";
import { Segmented } from "#/ui/segmented.tsx";
import { Select } from "#/ui/select.tsx";
import styles from "./explore.module.css";
import {
  type Condition,
  type ExploreColumn,
  OPS,
  type PropertyCondition,
  type PropertyOp,
  type PropertyType,
  propertyOps,
  textLabel,
} from "./model.ts";
import { type Choices, propertiesQuery, propertyValuesQuery, textsQuery } from "./queries.ts";

interface ConditionFormProps {
  /** The name of the event the condition is on; any when undefined. */
  event: string | undefined;
  choices: Choices;
  onAdd: (condition: Condition | PropertyCondition) => void;
  onCancel: () => void;
}

/** A new condition: on a column of the event, or on one of its properties. */
export function ConditionForm({ event, choices, onAdd, onCancel }: ConditionFormProps) {
  const [on, setOn] = useState<"column" | "property">("column");
  return (
    <FormBox label="New condition" onCancel={onCancel}>
      <Segmented
        label="Condition on"
        options={[
          { value: "column", label: "Column" },
          { value: "property", label: "Property" },
        ]}
        value={on}
        onChange={setOn}
      />
      {on === "column" ? (
        <ColumnForm choices={choices} onAdd={onAdd} onCancel={onCancel} />
      ) : (
        <EventPropertyForm event={event} onAdd={onAdd} onCancel={onCancel} />
      )}
    </FormBox>
  );
}

/** A new condition on the company somebody belongs to. */
export function CompanyForm({ choices, onAdd, onCancel }: Omit<ConditionFormProps, "event">) {
  const properties = choices.company_properties.map((property) => ({ property, type: undefined, detail: undefined }));
  return (
    <FormBox label="New condition on the company" onCancel={onCancel}>
      <PropertyForm of="companies" properties={properties} onAdd={onAdd} onCancel={onCancel} />
    </FormBox>
  );
}

function FormBox({ label, onCancel, children }: { label: string; onCancel: () => void; children: React.ReactNode }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out as a grid everywhere
    <div
      className={styles.form}
      role="group"
      aria-label={label}
      onKeyDown={(event) => {
        if (event.key === "Escape") onCancel();
      }}
    >
      {children}
    </div>
  );
}

function ColumnForm({ choices, onAdd, onCancel }: Omit<ConditionFormProps, "event">) {
  const [column, setColumn] = useState<ExploreColumn>("channel");
  const [op, setOp] = useState<Condition["op"]>("in");
  const [values, setValues] = useState<string[]>([]);
  const [part, setPart] = useState("");
  const exact = op === "in" || op === "not_in";
  const texts = useQuery({ ...textsQuery(column, ""), enabled: exact });
  const ready = exact ? values : part.trim() === "" ? [] : [part.trim()];
  const add = () => onAdd({ column, op, values: ready });
  return (
    <>
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
        <Values texts={texts.data ?? []} values={values} onChange={setValues} />
      ) : (
        <Typed label="Part of the text" value={part} onChange={setPart} onEnter={ready.length > 0 ? add : undefined} />
      )}
      <Buttons ready={ready.length > 0} onAdd={add} onCancel={onCancel} />
    </>
  );
}

interface EventPropertyFormProps {
  event: string | undefined;
  onAdd: (condition: PropertyCondition) => void;
  onCancel: () => void;
}

function EventPropertyForm({ event, onAdd, onCancel }: EventPropertyFormProps) {
  const known = useQuery(propertiesQuery(event));
  const properties = (known.data ?? []).map((one) => ({
    property: one.property,
    type: one.type,
    detail: number(one.events),
  }));
  return (
    <PropertyForm
      of={{ event }}
      properties={properties}
      hint={known.isSuccess && properties.length === 0 ? "Events of the last 14 days have no properties." : undefined}
      onAdd={onAdd}
      onCancel={onCancel}
    />
  );
}

const TYPES: { value: PropertyType; label: string }[] = [
  { value: "text", label: "a text" },
  { value: "number", label: "a number" },
  { value: "bool", label: "true or false" },
];

interface PropertyFormProps {
  of: { event: string | undefined } | "companies";
  properties: readonly { property: string; type: PropertyType | undefined; detail: string | undefined }[];
  hint?: string | undefined;
  onAdd: (condition: PropertyCondition) => void;
  onCancel: () => void;
}

/** A property, what it is taken as, how it compares, and with what. */
function PropertyForm({ of, properties, hint, onAdd, onCancel }: PropertyFormProps) {
  const [property, setProperty] = useState("");
  const [type, setType] = useState<PropertyType>("text");
  const [op, setOp] = useState<PropertyOp>("in");
  const [values, setValues] = useState<string[]>([]);
  const [typed, setTyped] = useState("");
  const chosen = type !== "bool" && (op === "in" || op === "not_in");
  const known = useQuery({ ...propertyValuesQuery(of, property), enabled: property !== "" && chosen });
  const texts = (known.data ?? []).filter((one) => type !== "number" || isNumber(one.value));
  const ready = chosen ? values : type === "bool" ? [typed || "true"] : typed.trim() === "" ? [] : [typed.trim()];
  const wrong = type === "number" && !ready.every(isNumber);
  const clear = () => {
    setValues([]);
    setTyped("");
  };
  const add = () => onAdd({ property, type, op, values: ready });
  const options = properties.map((one) => ({
    value: one.property,
    label: one.property,
    ...(one.detail === undefined ? {} : { detail: one.detail }),
  }));
  return (
    <>
      <Combobox
        form="bare"
        label="Property"
        placeholder="Choose a property"
        options={options}
        value={property === "" ? null : property}
        onChange={(next) => {
          setProperty(next ?? "");
          const kind = properties.find((one) => one.property === next)?.type ?? "text";
          setType(kind);
          setOp("in");
          clear();
        }}
      />
      {hint ? <p className={styles.muted}>{hint}</p> : null}
      <Select
        form="filter"
        label="Taken as"
        options={TYPES}
        value={type}
        onChange={(next) => {
          setType(next);
          setOp("in");
          clear();
        }}
      />
      <Select
        form="filter"
        label="Condition"
        hideLabel
        options={propertyOps(type)}
        value={op}
        onChange={(next) => {
          setOp(next);
          clear();
        }}
      />
      {type === "bool" ? (
        <Select
          form="filter"
          label="Value"
          hideLabel
          options={[
            { value: "true", label: "true" },
            { value: "false", label: "false" },
          ]}
          value={typed || "true"}
          onChange={setTyped}
        />
      ) : chosen ? (
        <Values
          texts={type === "text" ? [{ value: "", people: undefined }, ...texts] : texts}
          values={values}
          onChange={setValues}
        />
      ) : (
        <Typed
          label={type === "number" ? "Number" : "Part of the text"}
          value={typed}
          onChange={setTyped}
          onEnter={ready.length > 0 && !wrong ? add : undefined}
        />
      )}
      {wrong ? <p className={styles.muted}>Write the number with a point, for example 12.5.</p> : null}
      <Buttons ready={property !== "" && ready.length > 0 && !wrong} onAdd={add} onCancel={onCancel} />
    </>
  );
}

function isNumber(text: string): boolean {
  return /^-?\d+(\.\d+)?$/.test(text.trim());
}

interface ValuesProps {
  texts: readonly { value: string; people: number | undefined }[];
  values: string[];
  onChange: (next: string[]) => void;
}

/** Values to choose, one after the other. */
function Values({ texts, values, onChange }: ValuesProps) {
  return (
    <Combobox
      form="bare"
      label="Values"
      placeholder={values.length === 0 ? "Choose values" : values.map(textLabel).join(", ")}
      options={texts
        .filter((one) => !values.includes(one.value))
        .map((one) => ({
          value: one.value,
          label: textLabel(one.value),
          ...(one.people === undefined ? {} : { detail: number(one.people) }),
        }))}
      value={null}
      onChange={(value) => {
        if (value !== null) onChange([...values, value]);
      }}
    />
  );
}

interface TypedProps {
  label: string;
  value: string;
  onChange: (next: string) => void;
  onEnter: (() => void) | undefined;
}

function Typed({ label, value, onChange, onEnter }: TypedProps) {
  return (
    <input
      className={styles.input}
      aria-label={label}
      placeholder={label}
      value={value}
      maxLength={500}
      onChange={(event) => onChange(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter") onEnter?.();
      }}
    />
  );
}

function Buttons({ ready, onAdd, onCancel }: { ready: boolean; onAdd: () => void; onCancel: () => void }) {
  return (
    <div className={styles.line}>
      <Button size="small" icon={<Plus size={14} aria-hidden="true" />} disabled={!ready} onClick={onAdd}>
        Add condition
      </Button>
      <Button size="small" look="quiet" onClick={onCancel}>
        Cancel
      </Button>
    </div>
  );
}
