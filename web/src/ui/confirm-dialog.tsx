import { AlertDialog as Base } from "@base-ui/react/alert-dialog";
import { type ReactNode, useRef } from "react";
import { Button } from "./button.tsx";
import styles from "./dialog.module.css";

interface ConfirmDialogProps {
  open: boolean;
  title: string;
  /** Names what will be lost. */
  text: ReactNode;
  /** A verb and its object, for example "Revoke key". */
  action: string;
  busy?: boolean;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before something is destroyed. The safe answer has the focus. */
export function ConfirmDialog({ open, title, text, action, busy = false, onConfirm, onClose }: ConfirmDialogProps) {
  const keep = useRef<HTMLButtonElement>(null);
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className={styles.backdrop} />
        <Base.Popup className={styles.dialog} initialFocus={keep}>
          <div>
            <Base.Title render={<h2 />}>{title}</Base.Title>
            <Base.Description className={styles.text} render={<div />}>
              {text}
            </Base.Description>
          </div>
          <div className={styles.actions}>
            <Base.Close render={<Button ref={keep}>Cancel</Button>} />
            <Button look="danger" busy={busy} onClick={onConfirm}>
              {action}
            </Button>
          </div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
