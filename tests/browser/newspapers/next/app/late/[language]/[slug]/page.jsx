import Late from '../../../../components/Late.jsx';
import { about, found, named } from '../../../../stories.js';

export const generateStaticParams = () => named('ar');
export const generateMetadata = async ({ params }) => {
  const { language, slug } = await params;
  return about(found(language, slug));
};

export default async function Page({ params }) {
  const { language, slug } = await params;
  const { body, ...story } = found(language, slug);
  return <Late story={story} first={body[0]} />;
}
