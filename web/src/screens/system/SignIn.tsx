// Shown instead of everything when the server wants to know who asks.
import { useState } from 'react';
import { says } from '../../api/client';
import { signIn } from '../../state/session';
import { Mark } from '../../ui/icons';
import { Button } from '../../ui/kit';
import './system.css';

export default function SignIn() {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [problem, setProblem] = useState('');
  const enter = async () => {
    try {
      await signIn(name, password);
    } catch (e) {
      setProblem(says(e));
    }
  };
  return (
    <main className="sign-in">
      <form
        className="card stack"
        onSubmit={(e) => {
          e.preventDefault();
          void enter();
        }}
      >
        <div className="row">
          <Mark size={44} />
          <h1>Sotto</h1>
        </div>
        <label>
          <span className="label-text">Name</span>
          <input
            className="field"
            autoComplete="username"
            value={name}
            onChange={(e) => setName(e.target.value)}
          />
        </label>
        <label>
          <span className="label-text">Password</span>
          <input
            className="field"
            type="password"
            autoComplete="current-password"
            value={password}
            onChange={(e) => setPassword(e.target.value)}
          />
        </label>
        {problem && (
          <p role="alert" className="problem">
            {problem}
          </p>
        )}
        <Button type="submit" kind="primary" disabled={!name || !password}>
          Sign in
        </Button>
      </form>
    </main>
  );
}
