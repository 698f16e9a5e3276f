import { Dialog as Base } from "@base-ui/react/dialog";
import type { ReactNode } from "react";
import { classNames } from "#/lib/class-names.ts";
import styles from "./dialog.module.css";

interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  text?: ReactNode;
  wide?: boolean;
  children?: ReactNode;
  /** The buttons, the one that acts last. */
  actions?: ReactNode;
}

/** A window over the page. Its children mount only while it is open. */
export function Dialog({ open, onClose, title, text, wide = false, children, actions }: DialogProps) {
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
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
          {children ? <div className={styles.body}>{children}</div> : null}
          {actions ? <div className={styles.actions}>{actions}</div> : null}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
