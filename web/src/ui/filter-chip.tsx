import { X } from "lucide-react";
import styles from "./filter-chip.module.css";

interface FilterChipProps {
  /** What is narrowed: "Channel". */
  name: string;
  value: string;
  onRemove: () => void;
  /** Opens the filter for a change. */
  onEdit?: () => void;
}

/** A filter that holds, with the way to take it away. */
export function FilterChip({ name, value, onRemove, onEdit }: FilterChipProps) {
  const text = (
    <>
      <span className={styles.name}>{name}</span> {value}
    </>
  );
  return (
    <span className={styles.chip}>
      {onEdit ? (
        <button type="button" className={styles.text} onClick={onEdit} title={value}>
          {text}
        </button>
      ) : (
        <span className={styles.text} title={value}>
          {text}
        </span>
      )}
      <button
        type="button"
        className={styles.remove}
        onClick={onRemove}
        aria-label={`Remove the filter ${name} ${value}`}
      >
        <X size={13} aria-hidden="true" />
      </button>
    </span>
  );
}
