import { Host } from './host.ts';
import { Page } from './page.ts';
import './style.css';
import { registerToolkit } from './toolkit.ts';

registerToolkit();
const root = document.getElementById('dashboard');
if (root !== null) {
  new Page(root, new Host()).start();
}
