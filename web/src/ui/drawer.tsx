import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { type ReactNode, useRef } from "react";
import { classNames } from "#/lib/class-names.ts";
import styles from "./dialog.module.css";
import { IconButton } from "./icon-button.tsx";

interface DrawerProps {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  subtitle?: ReactNode;
  wide?: boolean;
  children: ReactNode;
  foot?: ReactNode;
}

/** A panel at the right for explaining, previewing and editing. The page behind stays in sight. */
export function Drawer({ open, onClose, title, subtitle, wide = false, children, foot }: DrawerProps) {
  const popup = useRef<HTMLDivElement>(null);
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className={classNames(styles.backdrop, styles.clear)} />
        <Base.Popup ref={popup} className={classNames(styles.drawer, wide && styles.broad)} initialFocus={popup}>
          <header className={styles.head}>
            <div className={styles.headText}>
              <Base.Title render={<h2 />}>{title}</Base.Title>
              {subtitle ? <div className={styles.text}>{subtitle}</div> : null}
            </div>
            <IconButton label="Close" shortcut="Esc" icon={<X size={16} />} onClick={onClose} />
          </header>
          <section className={styles.scroll} tabIndex={0} aria-label="Details">
            {children}
          </section>
          {foot ? <footer className={styles.foot}>{foot}</footer> : null}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
