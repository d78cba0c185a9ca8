// Dialogs and menus on Ariakit: focus, Escape, arrow keys and names for screen readers are its work.
import * as A from '@ariakit/react';
import type { ReactNode } from 'react';
import { Icon } from './icons';
import { Button, IconButton } from './kit';

interface Overlay {
  open: boolean;
  close: () => void;
  label: string;
  children: ReactNode;
  className?: string;
}

export function Sheet({ open, close, label, children, className = '' }: Overlay) {
  return (
    <A.Dialog
      open={open}
      onClose={close}
      aria-label={label}
      className={`sheet ${className}`}
      backdrop={<div className="back" />}
      unmountOnHide
    >
      {children}
    </A.Dialog>
  );
}

export function Dialog({ open, close, label, children, className = '' }: Overlay) {
  return (
    <A.Dialog
      open={open}
      onClose={close}
      aria-label={label}
      className={`dialog stack ${className}`}
      backdrop={<div className="back" />}
      unmountOnHide
    >
      {children}
    </A.Dialog>
  );
}

export function Confirm({
  open,
  close,
  title,
  text,
  yes,
  run,
}: {
  open: boolean;
  close: () => void;
  title: string;
  text: ReactNode;
  yes: string;
  run: () => void;
}) {
  return (
    <Dialog open={open} close={close} label={title}>
      <h2>{title}</h2>
      <div className="soft">{text}</div>
      <div className="row">
        <Button
          kind="danger"
          onClick={() => {
            close();
            run();
          }}
        >
          {yes}
        </Button>
        <Button onClick={close}>Keep</Button>
      </div>
    </Dialog>
  );
}

export interface Choice {
  text: string;
  icon?: string;
  run: () => void;
}
export function Menu({
  label,
  icon,
  text,
  choices,
  slim = true,
}: {
  label: string;
  icon: string;
  text?: string;
  choices: Choice[];
  slim?: boolean;
}) {
  return (
    <A.MenuProvider>
      <A.MenuButton
        aria-label={label}
        title={label}
        className={`btn quiet ${slim ? 'slim' : ''} ${text ? '' : 'square'}`}
      >
        <Icon name={icon} size={slim ? 16 : 20} />
        {text}
      </A.MenuButton>
      <A.Menu gutter={6} className="menu" portal>
        {choices.map((c) => (
          <A.MenuItem key={c.text} className="menu-item" onClick={c.run}>
            {c.icon && <Icon name={c.icon} size={18} />}
            {c.text}
          </A.MenuItem>
        ))}
      </A.Menu>
    </A.MenuProvider>
  );
}

export const CloseButton = ({ close }: { close: () => void }) => (
  <IconButton icon="close" label="Close" onClick={close} />
);
