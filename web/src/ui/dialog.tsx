import { Dialog as Base } from "@base-ui/react/dialog";
import type { FormEvent, ReactNode } from "react";
import { classNames } from "#/lib/class-names.ts";
import styles from "./dialog.module.css";

interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  text?: ReactNode;
  wide?: boolean;
  /** Makes it a form: Enter in a field, and its button of type `submit`, do this. A click outside does not close it. */
  onSubmit?: () => void;
  /** Shows what cannot be shown again: only its own buttons close it. */
  sealed?: boolean;
  children?: ReactNode;
  /** The buttons, the one that acts last. */
  actions?: ReactNode;
}

/** A window over the page. Its children mount only while it is open. */
export function Dialog(props: DialogProps) {
  const { open, onClose, title, text, wide = false, onSubmit, sealed = false, children, actions } = props;
  const inside = (
    <>
      {children ? <div className={styles.body}>{children}</div> : null}
      {actions ? <div className={styles.actions}>{actions}</div> : null}
    </>
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    // A dialog may stand in another form of the page, which its events would reach too.
    event.stopPropagation();
    onSubmit?.();
  };
  return (
    <Base.Root
      open={open}
      disablePointerDismissal={sealed || onSubmit !== undefined}
      onOpenChange={(next) => !next && !sealed && onClose()}
    >
      <Base.Portal>
        <Base.Backdrop className={styles.backdrop} />
        <Base.Popup className={classNames(styles.dialog, wide && styles.wide)}>
          <div>
            <Base.Title render={<h2 />}>{title}</Base.Title>
            {text ? (
              <Base.Description className={styles.text} render={<div />}>
                {text}
              </Base.Description>
            ) : null}
          </div>
          {onSubmit ? (
            <form className={styles.form} onSubmit={submit} noValidate>
              {inside}
            </form>
          ) : (
            inside
          )}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
