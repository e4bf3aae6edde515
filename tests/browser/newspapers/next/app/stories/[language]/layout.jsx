import Paper from '../../../components/Paper.jsx';

export default async function Layout({ children, params }) {
  return <Paper language={(await params).language}>{children}</Paper>;
}
