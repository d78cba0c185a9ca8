// What goes wrong while one screen is drawn stays in it: the rest of the page lives on.
import { Component, type ReactNode } from 'react';
import { Problem } from './kit';

export class Guard extends Component<{ children: ReactNode }, { fault: Error | null }> {
  state = { fault: null as Error | null };

  static getDerivedStateFromError(fault: Error) {
    return { fault };
  }

  render() {
    const { fault } = this.state;
    if (!fault) return this.props.children;
    return (
      <Problem
        text={`This screen could not be drawn: ${fault.message}`}
        again={() => this.setState({ fault: null })}
      />
    );
  }
}
