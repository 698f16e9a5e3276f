import { getRouteApi } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";
import { useMay } from "#/app/session.ts";
import { Button } from "#/ui/button.tsx";
import { Page } from "#/ui/page.tsx";
import { Tabs } from "#/ui/tabs.tsx";
import { EnterDialog } from "./enter-dialog.tsx";
import { EntriesView } from "./entries-view.tsx";
import type { View } from "./queries.ts";
import { RatesView } from "./rates-view.tsx";
import { SummaryView } from "./summary-view.tsx";
import { UnmatchedView } from "./unmatched-view.tsx";

const route = getRouteApi("/shell/ledger");

/** What marketing planned to spend and did spend, to the cent. */
export function LedgerPage() {
  const { view } = route.useSearch();
  const navigate = route.useNavigate();
  const may = useMay("ledger.write");
  const [entering, setEntering] = useState(false);
  return (
    <Page
      title="Ledger"
      actions={
        may ? (
          <Button look="primary" icon={<Plus size={14} aria-hidden="true" />} onClick={() => setEntering(true)}>
            Enter spend
          </Button>
        ) : null
      }
    >
      <Tabs<View>
        label="Ledger"
        value={view ?? "summary"}
        onChange={(next) => void navigate({ search: (before) => ({ ...before, view: next }), replace: true })}
        tabs={[
          { value: "summary", label: "Plan and actual", content: <SummaryView /> },
          { value: "entries", label: "Lines", content: <EntriesView /> },
          { value: "unmatched", label: "Unmatched spend", content: <UnmatchedView /> },
          { value: "rates", label: "Exchange rates", content: <RatesView /> },
        ]}
      />
      <EnterDialog open={entering} onClose={() => setEntering(false)} />
    </Page>
  );
}
