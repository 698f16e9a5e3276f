import { useState } from "react";
import { useMay } from "#/app/session.ts";
import { Button } from "#/ui/button.tsx";
import { Checkbox } from "#/ui/checkbox.tsx";
import { ConfirmDialog } from "#/ui/confirm-dialog.tsx";
import styles from "./erasure.module.css";
import { useErase } from "./queries.ts";

interface ErasePersonProps {
  id: string;
  /** What the person is called on its page. */
  label: string;
  /** How much hangs on the person, as far as its page knows. */
  keys: number;
  companies: number;
  deals: number;
}

/** The way to erase a person; shown to those who may. */
export function ErasePerson({ id, label, keys, companies, deals }: ErasePersonProps) {
  const may = useMay("people.erase");
  const [asked, setAsked] = useState(false);
  const [keepOut, setKeepOut] = useState(true);
  const erase = useErase(id);
  if (!may) return null;
  return (
    <>
      <Button onClick={() => setAsked(true)}>Erase person…</Button>
      <ConfirmDialog
        open={asked}
        title={`Erase ${label} for good?`}
        text={
          <div className={styles.stack}>
            <p>This cannot be undone. It removes:</p>
            <ul className={styles.list}>
              <li>every event of this person, from memory, log and files; numbers of the past change with them</li>
              <li>
                the profile and {counted(keys, "key", "keys")} with their history, also of everybody merged into it
              </li>
              <li>
                {counted(companies, "place in a company", "places in companies")} and{" "}
                {counted(deals, "role in a deal", "roles in deals")}; companies and deals stay
              </li>
              <li>rows of imports that name the person, and the way to take those changes back</li>
              <li>messages in the quarantine and the live view</li>
            </ul>
            <p>
              The audit trail keeps that a person was erased, by whom and when, not who it was. Backups keep their copy.
            </p>
            <Checkbox
              label="Keep the person out"
              hint="Later events and imports under the same keys are refused. They are kept as hashes only. Without it, only what happened before today is refused."
              checked={keepOut}
              onChange={setKeepOut}
            />
          </div>
        }
        action="Erase person"
        busy={erase.isPending}
        onClose={() => setAsked(false)}
        onConfirm={() => erase.mutate(keepOut, { onSettled: () => setAsked(false) })}
      />
    </>
  );
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
