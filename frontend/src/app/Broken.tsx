import { Component, type ReactNode } from "react";
import { Button, Empty } from "../ui/ui";

interface BrokenProps {
  /** The address; another one is tried afresh. */
  at: string;
  children: ReactNode;
}

/** In place of a view that threw; the rest of the page stays usable. */
export class Broken extends Component<BrokenProps, { error: Error | null }> {
  override state = { error: null as Error | null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override componentDidUpdate(before: BrokenProps) {
    if (before.at !== this.props.at && this.state.error) this.setState({ error: null });
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    // A view's file that is no longer there: the server has another version of the page.
    const outdated = /import|module|preload/i.test(error.message);
    return (
      <Empty title={outdated ? "This view could not be loaded." : "This view has failed."}>
        <p>
          {outdated
            ? "Either the server does not answer, or it has been updated since this page was opened."
            : error.message}{" "}
          Stored results are safe on the server.
        </p>
        <Button look="primary" onClick={() => window.location.reload()}>
          Reload the page
        </Button>
      </Empty>
    );
  }
}
