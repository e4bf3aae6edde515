import Live from '../../../../components/Live.jsx';
import { about, found, named } from '../../../../stories.js';

export const generateStaticParams = () => named('fr');
export const generateMetadata = async ({ params }) => {
  const { language, slug } = await params;
  return about(found(language, slug));
};

export default async function Page({ params }) {
  return <Live {...(await params)} />;
}
