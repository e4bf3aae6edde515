<?php
// php seed.php install|correct FILE.json : run in the directory of WordPress
define('WP_INSTALLING', $argv[1] === 'install');
$_SERVER['HTTP_HOST'] = parse_url(getenv('NEWSWARC_SITE'), PHP_URL_HOST) . ':' . parse_url(getenv('NEWSWARC_SITE'), PHP_URL_PORT);
require getcwd() . '/wp-load.php';
$plan = json_decode(file_get_contents($argv[2]), true);
if ($argv[1] === 'install') {
    require_once ABSPATH . 'wp-admin/includes/upgrade.php';
    wp_install($plan['name'], 'editor', 'editor@example.org', true, '', wp_generate_password());
    foreach (get_posts(['post_type' => ['post', 'page'], 'numberposts' => -1, 'post_status' => 'any']) as $sample) {
        wp_delete_post($sample->ID, true);
    }
    update_option('permalink_structure', '/%year%/%monthnum%/%day%/%postname%/');
    update_option('posts_per_page', 10);
    update_option('posts_per_rss', 10);
    update_option('timezone_string', 'Europe/Paris');
    switch_theme($plan['theme']);
    global $wp_rewrite;
    $wp_rewrite->init();
    flush_rewrite_rules();
}
foreach ($plan['posts'] as $post) {
    $found = get_page_by_path($post['slug'], OBJECT, 'post');
    $values = [
        'post_title' => $post['title'],
        'post_name' => $post['slug'],
        'post_content' => $post['content'],
        'post_status' => 'publish',
        'post_date' => $post['date'],
    ];
    if ($found) {
        wp_update_post(['ID' => $found->ID, 'post_content' => $post['content']]);
        continue;
    }
    $category = term_exists($post['category'], 'category') ?: wp_insert_term($post['category'], 'category');
    $values['post_category'] = [(int) $category['term_id']];
    $made = wp_insert_post($values, true);
    if (is_wp_error($made)) {
        fwrite(STDERR, $made->get_error_message() . "\n");
        exit(1);
    }
}
echo wp_count_posts()->publish, "\n";
