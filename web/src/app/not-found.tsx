import { Link } from "@tanstack/react-router";
import { buttonClass } from "#/ui/button.tsx";
import { EmptyState } from "#/ui/empty-state.tsx";
import { Page } from "#/ui/page.tsx";

/** An address that leads nowhere. */
export function NotFound() {
  return (
    <Page title="There is no such page">
      <EmptyState
        title="This address leads nowhere"
        actions={
          <Link to="/" className={buttonClass("primary")}>
            Open Home
          </Link>
        }
      >
        The page was moved, or the link was cut short. Search for it with the palette, or start at Home.
      </EmptyState>
    </Page>
  );
}
