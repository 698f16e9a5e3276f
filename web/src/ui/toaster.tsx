import { Toast } from "@base-ui/react/toast";
import { X } from "lucide-react";
import { useEffect } from "react";
import { buttonClass } from "./button.tsx";
import styles from "./toaster.module.css";
import { connectToaster } from "./toasts.ts";

/** Where toasts appear. */
export function Toaster() {
  return (
    <Toast.Provider limit={4}>
      <Toast.Portal>
        <Toast.Viewport className={styles.viewport}>
          <List />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function List() {
  const { toasts, add, close } = Toast.useToastManager();
  useEffect(
    () =>
      connectToaster(({ title, text, undo, problem }) => {
        const id = add({
          title,
          description: text,
          timeout: problem ? 0 : undo ? 10_000 : 5_000,
          priority: problem ? "high" : "low",
          type: problem ? "problem" : "done",
          actionProps: undo && {
            children: "Undo",
            onClick: () => {
              close(id);
              undo();
            },
          },
        });
      }),
    [add, close],
  );
  return toasts.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className={styles.toast} swipeDirection={["right", "down"]}>
      <Toast.Content className={styles.content}>
        <div className={styles.text}>
          <Toast.Title className={styles.title} />
          <Toast.Description className={styles.description} />
        </div>
        <Toast.Action className={buttonClass("plain", "small")} />
        <Toast.Close className={buttonClass("quiet", "small", true)} aria-label="Dismiss">
          <X size={14} aria-hidden="true" />
        </Toast.Close>
      </Toast.Content>
    </Toast.Root>
  ));
}
