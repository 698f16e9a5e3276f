/** One message to show. */
export interface ToastMessage {
  title: string;
  text?: string | undefined;
  /** Takes the action back. */
  undo?: (() => void) | undefined;
  problem: boolean;
}

type Show = (message: ToastMessage) => void;

let show: Show | undefined;
const waiting: ToastMessage[] = [];

/** Gives messages to the toaster once it is there; it is a chunk of its own. */
export function connectToaster(next: Show): () => void {
  show = next;
  for (const message of waiting.splice(0)) next(message);
  return () => {
    show = undefined;
  };
}

function tell(message: ToastMessage): void {
  if (show) show(message);
  else waiting.push(message);
}

/** Says that something was done. */
export function toast(title: string, options: { text?: string; undo?: () => void } = {}): void {
  tell({ title, ...options, problem: false });
}

/** Says that something failed; stays until it is closed. */
export function toastProblem(title: string, text: string): void {
  tell({ title, text, problem: true });
}
