import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMay } from "#/app/session.ts";
import { days, zonedTime } from "#/lib/format.ts";
import { capital, formula } from "#/lib/server-text.ts";
import { AsOf } from "#/ui/as-of.tsx";
import { Badge } from "#/ui/badge.tsx";
import { buttonClass } from "#/ui/button.tsx";
import { CodeBlock } from "#/ui/code-block.tsx";
import { Drawer } from "#/ui/drawer.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Section } from "#/ui/section.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import { Bridge } from "./bridge.tsx";
import styles from "./drill.module.css";
import { Part } from "./drill-part.tsx";
import { figureText, watermarkText } from "./figures.ts";
import { type DrillAnswer, type DrillRequest, drillQuery } from "./queries.ts";

interface DrillDrawerProps {
  request: DrillRequest | undefined;
  /** As of which moment it is asked, UTC; undefined: now. It stands in the address, as what is opened does. */
  asOf: string | undefined;
  onAsOf: (asOf: string | undefined) => void;
  onClose: () => void;
}

/** What a number means, how it was made, and the rows behind it. */
export function DrillDrawer({ request: opened, asOf, onAsOf, onClose }: DrillDrawerProps) {
  const request = opened && asOf ? { ...opened, query: { ...opened.query, as_of: asOf } } : opened;
  const drill = useQuery(drillQuery(request));
  const answer = drill.data;
  return (
    <Drawer
      open={request !== undefined}
      wide
      onClose={onClose}
      title={answer && !drill.isPlaceholderData ? answer.name : "Explanation"}
      subtitle={answer && !drill.isPlaceholderData ? days(answer.range) : null}
    >
      {opened ? (
        <div className={styles.moment}>
          <AsOf
            key={JSON.stringify(opened)}
            value={asOf}
            tip="What was known then, and what has changed since"
            onChange={onAsOf}
          />
        </div>
      ) : null}
      {drill.error ? (
        <ProblemView
          title="The number could not be explained"
          error={drill.error}
          onRetry={() => void drill.refetch()}
        />
      ) : null}
      {answer && request && !drill.isPlaceholderData ? (
        <Explanation request={request} answer={answer} />
      ) : drill.error ? null : (
        <SkeletonLines lines={8} />
      )}
    </Drawer>
  );
}

function Explanation({ request, answer }: { request: DrillRequest; answer: DrillAnswer }) {
  const { value } = answer.value;
  const maySql = useMay("sql.run");
  return (
    <>
      <div className={styles.stack}>
        <span className={styles.figure}>
          {value === null || value === undefined
            ? (answer.value.reason ?? "Not known")
            : figureText(value, answer.unit)}
        </span>
        {answer.as_of ? <p>As known at {zonedTime(answer.as_of)}</p> : null}
        <p>{answer.definition}</p>
        <p className={styles.muted}>{answer.decision}</p>
      </div>
      {answer.as_of ? (
        <Section title="What has changed since">
          <Bridge request={request} answer={answer} />
        </Section>
      ) : null}
      <Section title="Formula">
        <p>{capital(answer.formula)}</p>
        <p className={styles.formula}>{capital(formula(answer.formula_with_numbers))}</p>
        {answer.filters.length > 0 ? (
          <div className={styles.filters}>
            {answer.filters.map((filter) => (
              <Badge key={filter}>{filter}</Badge>
            ))}
          </div>
        ) : null}
        <p className={styles.muted}>{watermarkText(answer.watermark)}</p>
      </Section>
      {answer.rows_hidden ? (
        <p className={styles.muted}>The rows behind this number are not shown to your role.</p>
      ) : (
        answer.parts.map((part) => <Part key={part.name} request={request} answer={answer} part={part} />)
      )}
      {answer.sql === "" ? null : (
        <Section
          title="As SQL"
          text="The same question for the SQL console."
          actions={
            maySql ? (
              <Link to="/sql" search={{ q: answer.sql }} className={buttonClass("plain", "small")}>
                Open in the SQL console
              </Link>
            ) : null
          }
        >
          <CodeBlock code={answer.sql} label="SQL" />
        </Section>
      )}
    </>
  );
}
