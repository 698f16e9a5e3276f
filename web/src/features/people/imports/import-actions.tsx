import { useState } from "react";
import { useMay } from "#/app/session.ts";
import { counted } from "#/lib/format.ts";
import { Button, buttonClass } from "#/ui/button.tsx";
import { ConfirmDialog } from "#/ui/confirm-dialog.tsx";
import styles from "./import-page.module.css";
import { phaseOf, stepsOf } from "./import-steps.ts";
import { errorsUrl, type Import, useApply, useCheck, useUndo } from "./queries.ts";

/** What can be done with an import now: one primary action at most. */
export function ImportActions({ one }: { one: Import }) {
  const may = useMay("imports.write");
  const check = useCheck(one.id);
  const apply = useApply(one.id);
  const undo = useUndo(one.id);
  const [asking, setAsking] = useState(false);
  const phase = phaseOf(one);
  const counts = phase === "apply" ? one.applied : one.checked;
  const failing = counts ? counts.rejected + counts.conflict : 0;
  const writes = one.checked ? one.checked.create + one.checked.update : 0;
  const steps = stepsOf(one);
  const look = (step: typeof steps.primary) => (steps.primary === step ? "primary" : "plain");
  return (
    <>
      {failing > 0 ? (
        <a href={errorsUrl(one.id)} download className={buttonClass()}>
          Download {counted(failing, "row")} not imported
        </a>
      ) : null}
      {may && steps.undo ? (
        <Button
          look={look("undo")}
          busy={undo.isPending}
          onClick={() => (steps.undo === "continue" ? undo.mutate() : setAsking(true))}
        >
          {steps.undo === "continue" ? "Go on undoing" : "Undo import"}
        </Button>
      ) : null}
      {may && one.state === "uploaded" ? (
        <span className={styles.muted}>Answer {counted(one.questions.length, "question")} to check the file</span>
      ) : null}
      {may && steps.check ? (
        <Button look={look("check")} busy={check.isPending} onClick={() => check.mutate()}>
          {one.state === "mapped" ? "Check file" : "Check again"}
        </Button>
      ) : null}
      {may && steps.apply === "apply" ? (
        <Button look={look("apply")} busy={apply.isPending} disabled={writes === 0} onClick={() => apply.mutate()}>
          {writes === 0 ? "Nothing to apply" : `Apply ${counted(writes, "change")}`}
        </Button>
      ) : null}
      {may && steps.apply === "continue" ? (
        <Button look={look("apply")} busy={apply.isPending} onClick={() => apply.mutate()}>
          Go on importing
        </Button>
      ) : null}
      <ConfirmDialog
        open={asking}
        title="Undo this import?"
        text={`${counted(one.applied.create, "new record")} will be removed and ${counted(one.applied.update, "changed record")} set back to what they said before. Records that somebody changed since are left as they are and listed.`}
        action="Undo import"
        busy={undo.isPending}
        onClose={() => setAsking(false)}
        onConfirm={() => undo.mutate(undefined, { onSettled: () => setAsking(false) })}
      />
    </>
  );
}
