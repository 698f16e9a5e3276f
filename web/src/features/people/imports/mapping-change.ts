import type { ColumnMapping, Mapping } from "./queries.ts";

/** The choice that leaves a column out. */
export const LEAVE_OUT = "leave-out";

/** The choice that keeps a column as a property under its own name. */
export const PROPERTY = "property";

const FIELD = "field:";

/** What a column becomes, as one text for a list of choices. */
export function choiceOf(mapping: Mapping, column: number): string {
  const found = mapping.columns.find((one) => one.column === column);
  if (found?.field) return FIELD + found.field;
  return found?.property ? PROPERTY : LEAVE_OUT;
}

/** The choice for a field. */
export function fieldChoice(field: string): string {
  return FIELD + field;
}

/** The mapping with one column changed. A field holds one column: whoever had it before is left out. */
export function withChoice(mapping: Mapping, column: number, name: string, choice: string): Mapping {
  const field = choice.startsWith(FIELD) ? choice.slice(FIELD.length) : undefined;
  const others = mapping.columns.filter((one) => one.column !== column && (field === undefined || one.field !== field));
  const own: ColumnMapping[] =
    field !== undefined ? [{ column, field }] : choice === PROPERTY ? [{ column, property: name }] : [];
  const constants = field === undefined ? mapping.constants : without(mapping.constants, field);
  return { ...mapping, preset: undefined, constants, columns: ordered([...others, ...own]) };
}

/** The mapping with the way a column is read changed. */
export function withReading(mapping: Mapping, column: number, reading: Partial<ColumnMapping>): Mapping {
  return { ...mapping, columns: mapping.columns.map((one) => (one.column === column ? { ...one, ...reading } : one)) };
}

/** The mapping with a value for the whole file; an empty one is taken away. */
export function withConstant(mapping: Mapping, field: string, value: string): Mapping {
  const others = without(mapping.constants, field);
  return { ...mapping, constants: value === "" ? others : { ...others, [field]: value } };
}

function without(constants: Record<string, string>, field: string): Record<string, string> {
  return Object.fromEntries(Object.entries(constants).filter(([name]) => name !== field));
}

function ordered(columns: ColumnMapping[]): ColumnMapping[] {
  return [...columns].sort((a, b) => a.column - b.column);
}
