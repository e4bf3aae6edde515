import Paper from '../../components/Paper.jsx';

export default function Layout({ children }) {
  return <Paper language="en">{children}</Paper>;
}
