import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { companyQuery } from "#/features/people/companies/queries.ts";
import { dealQuery } from "#/features/people/deals/queries.ts";
import { importQuery } from "#/features/people/imports/queries.ts";
import { personQuery } from "#/features/people/profiles/queries.ts";
import { number } from "#/lib/format.ts";
import { useActorNames } from "./actors.ts";
import { useMay } from "./session.ts";

/** Where a fact came from (`event:17`, `import:imp_…`, `user:usr_…`), by its name and as a link where there is a page. */
export function SourceLink({ source }: { source: string }) {
  const at = source.indexOf(":");
  const [kind, id] = [source.slice(0, at), source.slice(at + 1)];
  if (kind === "event") return <EventLink offset={id} />;
  if (kind === "import") return <ImportLink id={id} />;
  if (kind === "user" || kind === "key" || kind === "system") return <ActorName actor={source} />;
  return <code>{source}</code>;
}

/** A record by its id, by its name and as a link where there is a page. */
export function RecordLink({ id }: { id: string }) {
  if (id.startsWith("per_")) return <PersonLink id={id} />;
  if (id.startsWith("imp_")) return <ImportLink id={id} />;
  if (id.startsWith("com_")) return <CompanyLink id={id} />;
  if (id.startsWith("dea_")) return <DealLink id={id} />;
  if (id.startsWith("usr_")) return <ActorName actor={`user:${id}`} />;
  if (id.startsWith("key_")) return <ActorName actor={`key:${id}`} />;
  return <code>{id}</code>;
}

/** Who did something. */
function ActorName({ actor }: { actor: string }) {
  const nameOf = useActorNames();
  return <span title={actor}>{nameOf(actor)}</span>;
}

/** A person by name, else by address. */
export function PersonLink({ id }: { id: string }) {
  const may = useMay("people.read");
  const person = useQuery({ ...personQuery(id), enabled: may });
  if (!may) return <code>{id}</code>;
  return (
    <Link to="/people/$id" params={{ id }} title={id}>
      {person.data?.name || person.data?.email || "somebody without a name"}
    </Link>
  );
}

function CompanyLink({ id }: { id: string }) {
  const may = useMay("people.read");
  const company = useQuery({ ...companyQuery(id), enabled: may });
  if (!may) return <code>{id}</code>;
  return (
    <Link to="/companies/$id" params={{ id }} title={id}>
      {company.data?.name || "a company"}
    </Link>
  );
}

function DealLink({ id }: { id: string }) {
  const may = useMay("deals.read");
  const deal = useQuery({ ...dealQuery(id), enabled: may });
  if (!may) return <code>{id}</code>;
  return (
    <Link to="/deals/$id" params={{ id }} title={id}>
      {deal.data?.name || "a deal"}
    </Link>
  );
}

function ImportLink({ id }: { id: string }) {
  const may = useMay("imports.read");
  const one = useQuery({ ...importQuery(id), enabled: may });
  if (!may) return <span title={id}>an import</span>;
  return (
    <Link to="/imports/$id" params={{ id }} title={id}>
      {one.data?.filename || "an import"}
    </Link>
  );
}

function EventLink({ offset }: { offset: string }) {
  const text = `event ${number(Number(offset))}`;
  if (!useMay("events.read")) return <span>{text}</span>;
  return (
    <Link to="/events" search={{ open: offset }}>
      {text}
    </Link>
  );
}
