import { useQuery } from "@tanstack/react-query";
import { ChevronDown, Download, Play, Save, Square } from "lucide-react";
import { useEffect, useState } from "react";
import { duration } from "#/lib/format.ts";
import { shortcutText } from "#/lib/keyboard.ts";
import { AsOf } from "#/ui/as-of.tsx";
import { Button } from "#/ui/button.tsx";
import { IconButton } from "#/ui/icon-button.tsx";
import { Menu } from "#/ui/menu.tsx";
import { type ExportFormat, runsQuery } from "./queries.ts";
import { progressText } from "./runs-view.tsx";
import styles from "./sql.module.css";
import type { Asking } from "./use-asking.ts";

interface ToolbarProps {
  asking: Asking;
  /** Whether there is something to ask. */
  ready: boolean;
  asOf: string | undefined;
  onAsOf: (asOf: string | undefined) => void;
  onRun: () => void;
  onCancel: () => void;
  onExplain: () => void;
  onExport: (format: ExportFormat) => void;
  /** Saves the changes of the open question; absent when there is none of one's own, or nothing changed. */
  onSave: (() => void) | undefined;
  saving: boolean;
  onSaveAs: () => void;
}

/** What can be done with the statement. */
export function Toolbar(props: ToolbarProps) {
  const { asking, ready, onRun, onCancel } = props;
  const busy = asking.doing !== undefined;
  return (
    <div className={styles.bar}>
      {busy ? (
        <Button icon={<Square size={12} fill="currentcolor" aria-hidden="true" />} onClick={onCancel}>
          Cancel {asking.doing === "rows" ? "question" : asking.doing === "plan" ? "plan" : "download"}
        </Button>
      ) : (
        <Button look="primary" disabled={!ready} icon={<Play size={14} aria-hidden="true" />} onClick={onRun}>
          Run question
        </Button>
      )}
      <span className={styles.muted}>{shortcutText("mod+Enter")}</span>
      <Button look="quiet" disabled={!ready || busy} onClick={props.onExplain}>
        Explain plan
      </Button>
      <Menu
        align="start"
        groups={[
          [
            { label: "CSV, for a spreadsheet", onSelect: () => props.onExport("csv") },
            { label: "Parquet", onSelect: () => props.onExport("parquet") },
            { label: "Arrow", onSelect: () => props.onExport("arrow") },
          ],
        ]}
        trigger={
          <Button look="quiet" disabled={!ready || busy} icon={<Download size={14} aria-hidden="true" />}>
            Download
          </Button>
        }
      />
      <span className={styles.gap} />
      <AsOf
        value={props.asOf}
        tip="Events received later are left out. For questions over events alone."
        onChange={props.onAsOf}
      />
      {props.onSave ? (
        <Button icon={<Save size={14} aria-hidden="true" />} busy={props.saving} onClick={props.onSave}>
          Save changes
        </Button>
      ) : (
        <Button disabled={!ready} icon={<Save size={14} aria-hidden="true" />} onClick={props.onSaveAs}>
          Save question
        </Button>
      )}
      {props.onSave ? (
        <Menu
          groups={[[{ label: "Save as another question", onSelect: props.onSaveAs }]]}
          trigger={<IconButton label="More ways to save" icon={<ChevronDown size={14} aria-hidden="true" />} />}
        />
      ) : null}
    </div>
  );
}

/** How long the question runs, and how far it has come; then how long it took. */
export function Progress({ asking }: { asking: Asking }) {
  const { doing, since, run, answer, cancelled, problem } = asking;
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (doing === undefined) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 100);
    return () => clearInterval(timer);
  }, [doing]);
  const runs = useQuery({ ...runsQuery, refetchInterval: 500, enabled: doing !== undefined && now - since > 500 });
  if (doing === undefined) {
    const text = cancelled ? "Cancelled" : answer && !problem ? `Took ${tookText(answer.took)}` : "";
    return (
      <span className={styles.muted} role="status">
        {text}
      </span>
    );
  }
  const own = runs.data?.find((one) => one.run === run);
  return (
    <span className={styles.muted}>
      <span className={styles.time}>{tookText(now - since)}</span>
      {own ? ` · ${progressText(own)}` : ""}
    </span>
  );
}

/** A short length of time to the tenth. */
export function tookText(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 1) return `${Math.max(0, Math.round(milliseconds))} ms`;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : duration(seconds);
}
