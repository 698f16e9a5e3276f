import { type ReactNode, useState } from "react";
import { readDecimal } from "#/lib/decimal.ts";
import { TextInput } from "./text-input.tsx";

interface NumberInputProps {
  label: string;
  /** As it is typed; `readDecimal` says what it means. */
  value: string;
  onChange: (value: string) => void;
  decimalsMax: number;
  /** How the number that was understood is shown back. */
  echo: (value: string) => ReactNode;
  error?: string | undefined;
  hint?: ReactNode;
  placeholder?: string;
  autoFocus?: boolean;
}

/** A number in the marks of the user's locale. What was understood stands below it; what can be read two ways is an error. */
export function NumberInput({ value, onChange, decimalsMax, echo, error, hint, ...rest }: NumberInputProps) {
  // A number is not wrong while it is being typed.
  const [left, setLeft] = useState(false);
  const reading = readDecimal(value, decimalsMax);
  return (
    <TextInput
      {...rest}
      inputMode="decimal"
      autoComplete="off"
      value={value}
      onChange={onChange}
      onFocus={() => setLeft(false)}
      onBlur={() => setLeft(true)}
      onKeyDown={(event) => event.key === "Enter" && setLeft(true)}
      error={error ?? (left && reading.state === "bad" ? reading.problem : undefined)}
      hint={reading.state === "good" ? echo(reading.value) : hint}
    />
  );
}
