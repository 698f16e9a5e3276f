import { Search } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import styles from "./search-input.module.css";

interface SearchInputProps {
  label: string;
  value: string;
  /** Called when typing rests, and at once on Enter or when cleared. */
  onChange: (value: string) => void;
  placeholder?: string;
  /** What is offered while typing. */
  suggestions?: readonly string[];
}

const REST_MS = 250;

/** A search box that writes to the address when typing rests. */
export function SearchInput({ label, value, onChange, placeholder = label, suggestions }: SearchInputProps) {
  const [draft, setDraft] = useState(value);
  const sent = useRef(value);
  const id = useId();
  // Callers hand in a new function with every render; only typing may start the wait again.
  const listener = useRef(onChange);
  listener.current = onChange;
  useEffect(() => {
    if (value !== sent.current) {
      sent.current = value;
      setDraft(value);
    }
  }, [value]);
  useEffect(() => {
    if (draft === sent.current) return;
    const timer = setTimeout(() => {
      sent.current = draft;
      listener.current(draft);
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [draft]);
  const send = (text: string) => {
    sent.current = text;
    setDraft(text);
    onChange(text);
  };
  return (
    <div className={styles.box}>
      <Search className={styles.icon} size={14} aria-hidden="true" />
      <input
        type="search"
        className={styles.input}
        aria-label={label}
        list={suggestions ? id : undefined}
        placeholder={placeholder}
        value={draft}
        onChange={(event) => (event.target.value === "" ? send("") : setDraft(event.target.value))}
        onKeyDown={(event) => {
          if (event.key === "Enter") send(draft);
          if (event.key === "Escape" && draft !== "") send("");
        }}
      />
      {suggestions ? (
        <datalist id={id}>
          {suggestions.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      ) : null}
    </div>
  );
}
