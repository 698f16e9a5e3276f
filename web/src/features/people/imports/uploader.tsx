import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { Upload as UploadIcon } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { classNames } from "#/lib/class-names.ts";
import { bytes } from "#/lib/format.ts";
import { Button } from "#/ui/button.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Progress } from "#/ui/progress.tsx";
import { type Upload, upload } from "./upload.ts";
import styles from "./uploader.module.css";

interface Under {
  name: string;
  sent: number;
  total: number;
}

/** Takes a file by drag and drop or by a button, sends it, and goes to the page of its import. */
export function Uploader() {
  const router = useRouter();
  const queries = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const running = useRef<Upload | undefined>(undefined);
  const [over, setOver] = useState(false);
  const [under, setUnder] = useState<Under | undefined>(undefined);
  const [error, setError] = useState<unknown>(undefined);
  useEffect(() => () => running.current?.cancel(), []);
  const send = async (file: File | undefined) => {
    if (!file || running.current) return;
    setError(undefined);
    setUnder({ name: file.name, sent: 0, total: file.size });
    running.current = upload(file, (sent, total) => setUnder({ name: file.name, sent, total }));
    try {
      const { id } = await running.current.done;
      await queries.invalidateQueries({ queryKey: ["imports"] });
      await router.navigate({ to: "/imports/$id", params: { id } });
    } catch (failure) {
      if (!(failure instanceof DOMException && failure.name === "AbortError")) setError(failure);
    } finally {
      running.current = undefined;
      setUnder(undefined);
    }
  };
  return (
    <section
      className={classNames(styles.zone, over && styles.over)}
      aria-label="Upload a file"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void send(event.dataTransfer.files[0]);
      }}
    >
      {error ? <ProblemView title="The file was not uploaded" error={error} /> : null}
      {under ? (
        <div className={styles.progress}>
          <Progress
            label={`Uploading ${under.name}`}
            done={under.sent}
            total={under.total}
            note={`${bytes(under.sent)} of ${bytes(under.total)}`}
          />
        </div>
      ) : (
        <p className={styles.text}>
          Drop a CSV file here. Exports of HubSpot, Salesforce and Mailchimp and spend of Google, Meta and LinkedIn ads
          are recognised by their columns; any other file is mapped by hand. Nothing is written before you have seen
          what would change.
        </p>
      )}
      <div className={styles.row}>
        {under ? (
          <Button onClick={() => running.current?.cancel()}>Cancel upload</Button>
        ) : (
          <Button
            look="primary"
            icon={<UploadIcon size={14} aria-hidden="true" />}
            onClick={() => input.current?.click()}
          >
            Choose file
          </Button>
        )}
        <input
          ref={input}
          type="file"
          hidden
          accept=".csv,.tsv,.txt,text/csv,text/tab-separated-values"
          aria-label="File to import"
          onChange={(event) => {
            void send(event.target.files?.[0]);
            event.target.value = "";
          }}
        />
      </div>
    </section>
  );
}
