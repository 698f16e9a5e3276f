import { setDiagnostics } from "@codemirror/lint";
import { Compartment, EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { type Ref, useEffect, useImperativeHandle, useRef } from "react";
import { languageOf, setup } from "./editor-setup.ts";
import type { SqlTable } from "./queries.ts";
import styles from "./sql.module.css";
import { wordAt } from "./statement.ts";

/** What can be done to the editor from outside. */
export interface EditorHandle {
  /** Puts a text where the cursor is, in place of what is selected. */
  insert: (text: string) => void;
  /** What is selected; empty when nothing is. */
  selection: () => string;
  focus: () => void;
}

interface EditorProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  onRun: () => void;
  tables: readonly SqlTable[];
  /** Where something is wrong, and what. */
  mark?: { offset: number; message: string } | undefined;
  handle: Ref<EditorHandle>;
}

/** A statement with colours, line numbers, completion and a mark under what is wrong. */
export function Editor({ label, value, onChange, onRun, tables, mark, handle }: EditorProps) {
  const frame = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const language = useRef(new Compartment());
  const listeners = useRef({ onChange, onRun });
  listeners.current = { onChange, onRun };
  const first = useRef({ value, tables, label });
  useEffect(() => {
    if (!frame.current) return;
    const { value: doc, tables: known, label: name } = first.current;
    const made = new EditorView({
      parent: frame.current,
      state: EditorState.create({
        doc,
        extensions: [
          setup(name, () => listeners.current.onRun()),
          language.current.of(languageOf(known)),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) listeners.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, []);
  useEffect(() => {
    view.current?.dispatch({ effects: language.current.reconfigure(languageOf(tables)) });
  }, [tables]);
  useEffect(() => {
    const now = view.current;
    if (now && now.state.doc.toString() !== value) {
      now.dispatch({ changes: { from: 0, to: now.state.doc.length, insert: value }, selection: { anchor: 0 } });
    }
  }, [value]);
  useEffect(() => {
    const now = view.current;
    if (!now) return;
    const text = now.state.doc.toString();
    const { message, offset } = mark ?? { message: "", offset: 0 };
    const wrong = { ...wordAt(text, offset), severity: "error" as const, message };
    now.dispatch(setDiagnostics(now.state, mark && text !== "" ? [wrong] : []));
  }, [mark]);
  useImperativeHandle(handle, () => ({
    insert: (text) => {
      const now = view.current;
      if (!now) return;
      now.dispatch(now.state.replaceSelection(text));
      now.focus();
    },
    selection: () => {
      const { state } = view.current ?? {};
      return state ? state.sliceDoc(state.selection.main.from, state.selection.main.to) : "";
    },
    focus: () => view.current?.focus(),
  }));
  return <div ref={frame} className={styles.editor} />;
}
