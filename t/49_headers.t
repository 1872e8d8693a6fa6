#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Headers that browsers go by: nosniff and no-store on answers, the policy of
# the pages, CORS for listed origins only, HSTS in the example for TLS.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::INET;
use Test::More;
use Guerdon::Assert;
use Guerdon::Contract;
use Guerdon::Http qw(http_all);
use Guerdon::Stack;

my ($app, $local) = ('https://app.example.org', 'http://localhost:3000');
my $off = Guerdon::Stack->new(workers => 1, start => 0);
my $g = Guerdon::Stack->new(conf => {cors_origins => "$app, $local",
    ratelimit_headers => 'on'});

sub cors { return grep { /^Access-Control-/i } map { $_->[0] }
    @{$_[0]{headers}} }
sub from { return (headers => ['Origin', @_]) }
sub caching { return $_[0]->header('Cache-Control') // '-' }

# nosniff, on whatever answers.
my $event = $g->new_event;
my $one = "/v1/events/$event->{eventId}";
my $tag = $g->call(GET => $one, as => 'USER')->header('ETag');
my @all = ([GET => '/v1/events', as => 'USER'], [GET => '/v1/openapi.json'],
    [GET => $one, as => 'USER', headers => ['If-None-Match', $tag]],
    [OPTIONS => '/v1/events'], [GET => '/v1/events'], [GET => '/v1/nothing'],
    [DELETE => '/v1/events'], [GET => '/v1/events/%00'],
    [POST => '/v1/auth/login', body => '{'], [HEAD => '/v1/events', as =>
    'USER'], [GET => '/swagger/'], [GET => '/swagger'],
    [GET => '/swagger/nothing'], [GET => '/healthz', on => 'ops'],
    [GET => '/readyz', on => 'ops'], [GET => '/nothing', on => 'ops'],
    [GET => '/v1/users', on => 'auth', basic => 1],
    [GET => '/v1/users', on => 'auth'],
    [GET => '/v1/events', on => 'event', basic => 1],
    [POST => '/v1/users', body => 'x' x 200_000]);
for my $res (http_all(map { $g->request(@$_) } @all)) {
	is(join(',', $res->all('X-Content-Type-Options')), 'nosniff',
	    'nosniff: ' . join ' ', $res->request->{method},
	    $res->request->{path}, $res->status);
}

# no-store: every GET of the contracts but those with an ETag.
my $user = $g->new_user;
my %of = (userId => $user->{userId}, eventId => $event->{eventId},
    rewardId => $event->{rewards}[0]{rewardId});
my ($seen, $tagged) = (0, 0);
for my $op (grep { $_->{method} eq 'GET' } operations()) {
	my $path = $op->{path} =~ s/\{(\w+)\}/$of{$1} \/\/
	    'xx_00000000000000000000000000'/ger;
	my ($role) = grep { $_ ne 'USER' && $_ ne 'SERVICE' && $_ ne 'ENROL'
	    && $_ ne 'PUBLIC' } @{$op->{roles}};
	my $res = $g->call(GET => $path, !$op->{public} ? (on =>
	    $op->{service}, basic => 1) : (as => $role // $user));
	if (defined $res->header('ETag')) {
		$tagged++;
		unlike(caching($res), qr/no-store/,
		    "$op->{id} has an ETag, and may be kept");
		next;
	}
	$seen++ if $res->status == 200;
	is(join(',', $res->all('Cache-Control')), 'no-store',
	    "$op->{id} is not to be kept: " . $res->status);
}
cmp_ok($seen, '>=', 12, 'most of them answered');
is($tagged, 2, 'an event and a reward have an ETag');
is($g->call(POST => '/v1/users', json => {email => 'headers@example.org',
    name => 'H', password => 'plum tree 4711 moss'})->header('Cache-Control'),
    'no-store', 'nor is a sign-up');
my @twice = map { $g->call(POST => '/v1/staff', as => 'ADMIN', headers =>
    ['Idempotency-Key', 'headers-1'], json => {email => 'staff@example.org',
    name => 'S', role => 'AUDITOR', password => 'plum tree 4711 moss'}) } 1, 2;
is($_->status . ' ' . join(',', $_->all('Cache-Control')), '201 no-store',
    '... nor who was made, also in the same answer again') for @twice;
is(join(',', $g->call(GET => '/v1/users/me/sessions?cursor=x', as => $user)
    ->all('Cache-Control')), 'no-store', '... said once, also of a problem');
is(caching($g->call(GET => '/v1/openapi.json')), '-',
    'the document may be kept');

# The pages.
my $page = $g->call(GET => '/swagger/');
my %policy = map { /^(\S+) (.*)$/ } split /; */,
    $page->header('Content-Security-Policy') // '';
is($policy{'default-src'}, "'none'", 'the pages: nothing by default');
is($policy{'script-src'}, "'self'", '... their own scripts');
is($policy{'style-src'}, "'self'", '... their own styles');
is($policy{'frame-ancestors'}, "'none'", '... in nobody else\'s frame');
is($policy{'base-uri'}, "'none'", '... no other base');
unlike($page->header('Content-Security-Policy'), qr/unsafe|\*/,
    '... nothing unsafe');
is($page->header('Referrer-Policy'), 'no-referrer', '... no referrer');
unlike($page->body, qr/<script>|<style|\son\w+=|\sstyle=/,
    '... and nothing inline that this would stop');

# CORS: a page of a listed origin reads the answer.
for my $origin ($app, $local) {
	my $res = $g->call(GET => '/v1/events', as => 'USER', from($origin));
	is_status($res, 200, "a page of $origin");
	is(join(',', $res->all('Access-Control-Allow-Origin')), $origin,
	    '... may read the answer');
	is(join(',', $res->all('Vary')), 'Origin', '... which is for it alone');
	my %may = map { $_ => 1 } split /, /,
	    $res->header('Access-Control-Expose-Headers');
	ok($may{$_}, "... may see $_") for qw(ETag Location Link Retry-After
	    RateLimit RateLimit-Policy traceparent WWW-Authenticate Allow);
	is($res->header('Access-Control-Allow-Credentials'), undef,
	    '... no cookies');
	is($res->header('Access-Control-Allow-Methods'), undef,
	    '... it is no preflight');
}
my $problem = $g->call(GET => '/v1/users/me', as => 'nonsense', from($app));
is_problem($problem, 401, 'INVALID_TOKEN', 'a problem');
is($problem->header('Access-Control-Allow-Origin'), $app, '... is read, too');
is($g->call(GET => '/v1/nothing', from($app))->header(
    'Access-Control-Allow-Origin'), $app, '... also 404');

# Who isn't listed is served as ever, and told nothing.
for my $origin ('https://evil.example.org', 'http://app.example.org',
    'https://app.example.org:8443', 'https://app.example.org.evil.net',
    'https://APP.example.org', 'https://app.example.org/', 'null', '*', '',
    "$app, $app", "$app $local", 'https://sub.app.example.org') {
	my $res = $g->call(GET => '/v1/events', as => 'USER', from($origin));
	is_status($res, 200, "a page of '$origin' is served");
	is(join(' ', cors($res)), '', '... and may not read');
	is($res->header('Vary'), 'Origin', '... by a cache neither');
	$res = $g->call(OPTIONS => '/v1/events', headers => ['Origin', $origin,
	    'Access-Control-Request-Method', 'POST']);
	is($res->status . join(' ', cors($res)), '204', '... nor ask before');
}
my $res = $g->call(GET => '/v1/events', as => 'USER', headers => ['Origin',
    $app, 'Origin', 'https://evil.example.org']);
is(join(' ', cors($res)), '', 'two origins are none');
$res = $g->call(GET => '/v1/events', as => 'USER');
is(join(' ', cors($res)), '', 'without an Origin there is nothing');
is($res->header('Vary'), 'Origin', '... but Vary');

# Preflights: every path of the public listener.
my %paths = (%{paths('public')}, '/v1/openapi.json' => ['GET']);
for my $path (sort keys %paths) {
	my $target = $path =~ s/\{\w+\}/xx_00000000000000000000000000/gr;
	my %has = map { $_ => 1 } @{$paths{$path}}, 'OPTIONS';
	$has{HEAD} = 1 if $has{GET};
	$res = $g->call(OPTIONS => $target, headers => ['Origin', $app,
	    'Access-Control-Request-Method', $paths{$path}[0],
	    'Access-Control-Request-Headers', 'authorization']);
	is($res->status . ' ' . join(' ', sort split /, */,
	    $res->header('Access-Control-Allow-Methods') // ''),
	    '204 ' . join(' ', sort keys %has), "preflight: $path");
}
is($res->body, '', '... has no body');
is($res->header('Access-Control-Allow-Origin'), $app, '... says who');
is(join(' ', sort split /, /, $res->header('Access-Control-Allow-Headers')),
    'Authorization Content-Type Idempotency-Key If-Match If-None-Match ' .
    'traceparent', '... what may be sent');
like($res->header('Access-Control-Max-Age'), qr/^[1-9]\d*$/, '... how long');
is($res->header('Access-Control-Allow-Credentials'), undef, '... no cookies');
$res = $g->call(OPTIONS => '/v1/nothing', headers => ['Origin', $app,
    'Access-Control-Request-Method', 'GET']);
is_problem($res, 404, 'NOT_FOUND', 'no preflight of what is not there');
$res = $g->call(OPTIONS => '/v1/events', from($app));
is($res->header('Access-Control-Allow-Methods'), undef,
    'OPTIONS alone is no preflight');
ok(!cors($g->call(GET => '/healthz', on => 'ops', from($app))) &&
    !cors($g->call(GET => '/v1/users', on => 'auth', basic => 1,
    from($app))), 'the inner listeners have no CORS');

# What is no origin is refused at start.
sub check {
	$off->{conf} = {cors_origins => $_[0]};
	$off->write_conf;
	open my $out, '>', $off->conf_path or die;
	print $out "mongo_uri = mongodb://127.0.0.1:1/\n",
	    "share = @{[Guerdon::Stack::top()]}\n",
	    "cors_origins = $_[0]\n";
	close $out or die;
	return $off->guerdon('check-config');
}
for my $bad ('*', 'null', 'app.example.org', 'https://', "$app/", "$app:443",
    'http://x:80', "$app:0", "$app:65536", "$app:08443", "$app:",
    'https://App.example.org', 'https://*.example.org', 'ftp://example.org',
    'https://a@example.org', 'https://example.org?x', 'https://.example.org',
    'https://a..b', 'https://[::1', 'https://[0:0::1]', "$app null",
    'https://ex_ample.org', join(' ', map { "https://h$_" } 1 .. 17),
    'https://' . 'x' x 300) {
	my ($out, $status) = check($bad);
	like($out, qr/cors_origins: want origins/, 'refused: ' .
	    substr $bad, 0, 40) or diag($status);
}
for my $good ('', $app, "$app $local", "https://[::1]:8443,$local",
    join ' ', map { "https://h$_.example.org" } 1 .. 16) {
	unlike((check($good))[0], qr/cors_origins/, 'taken: ' .
	    substr $good, 0, 40);
}

# What lighttpd says itself: it refuses these while it reads them.
my ($post, $x) = ("POST /v1/users HTTP/1.1\r\nHost: x\r\n", 'x' x 9000);
my %refused = (
	'400 no HTTP' => "\0\1\2\r\n\r\n",
	'400 no host' => "GET / HTTP/1.1\r\n\r\n",
	'400 a bad host' => "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
	'400 no path' => "GET x HTTP/1.1\r\nHost: x\r\n\r\n",
	'400 a head, HEAD' => "HEAD / HTTP/1.1\r\nHost: a b\r\n\r\n",
	'400 two lengths' => $post . "Content-Length: 1\r\n" x 2 . "\r\nx",
	'400 a bad chunk' => $post . "Transfer-Encoding: chunked\r\n\r\nz\r\n",
	'411 no length' => "$post\r\n",
	'413 a large body' => $post . "Content-Length: 9999999\r\n\r\n",
	'431 a long target' => "GET /$x HTTP/1.1\r\nHost: x\r\n\r\n",
	'431 a long header' => "GET / HTTP/1.1\r\nHost: x\r\nX: $x\r\n\r\n",
	'431 no end' => "GET /" . $x x 8,
	'501 a method' => "FOO / HTTP/1.1\r\nHost: x\r\n\r\n",
	'505 a version' => "GET / HTTP/3.7\r\nHost: x\r\n\r\n");
my @refused = map { my $on = $_; map { ["$on: $_", {port => $g->{port}{$on},
    method => /HEAD/ ? 'HEAD' : 'GET', raw => $refused{$_}}] }
    sort keys %refused } qw(http auth event ops);
my @said = http_all(map { $_->[1] } @refused);
sub own {
	my ($res, $status, $what) = @_;
	is(join(' ', $res->status, map { $res->all($_) } qw(Content-Type
	    X-Content-Type-Options Cache-Control)), "$status " .
	    'application/problem+json nosniff no-store', $what);
}
for my $i (0 .. $#refused) {
	my ($what) = @{$refused[$i]};
	my ($status) = $what =~ /(\d+)/;
	own($said[$i], $status, $what);
	is($said[$i]->header('Connection'), 'close',
	    '... and nothing more is read');
	is($said[$i]->json->{status}, $status, '... the body says the same')
	    if $what !~ /HEAD/;
}
is_problem($g->call(GET => '/-', on => $_), 404, 'NOT_FOUND',
    "$_: there is no page of its own for them", front => 1)
    for qw(http auth event ops);

# ... or has nobody who could answer.
$g->stop_pool('gw');
own($g->call(GET => '/v1/events', as => $user), 503, 'no pool');
own($g->call(POST => '/v1/events', as => $user, json => {}), 503,
    '... for a POST');
$res = $g->call(HEAD => '/v1/events', as => $user);
own($res, 503, '... for a HEAD');
is($res->body, '', '... without a body');
$g->start_pool('gw');

# Off: nothing of all this.
{
	my $plain = Guerdon::Stack->new(workers => 1);
	$res = $plain->call(GET => '/v1/events', as => 'USER', from($app));
	is($res->status . ' ' . join(' ', cors($res), $res->header('Vary') //
	    ''), '200 ', 'by default there is no CORS');
	$res = $plain->call(OPTIONS => '/v1/events', headers => ['Origin',
	    $app, 'Access-Control-Request-Method', 'POST']);
	is($res->status . ' ' . join(' ', cors($res)), '204 ',
	    '... and no preflight');
}

# The example for TLS.
sub check_module {
	my $file = "$off->{home}/module.conf";
	open my $out, '>', $file or die;
	print $out "server.modules = (\"mod_openssl\")\n",
	    "server.document-root = \"/\"\n";
	close $out or die;
	local $ENV{PATH} = "$ENV{PATH}:/usr/sbin";
	return ($off->run('lighttpd', '-tt', '-f', $file))[1] == 0;
}

# What curl gets there: the header of a GET.
sub by_tls {
	my ($stack, $port, $path) = @_;
	return ($stack->run('curl', '-s', '-i', '--noproxy', '*', '--cacert',
	    "$stack->{home}/tls/fullchain.pem",
	    "https://localhost:$port$path"))[0];
}

SKIP: {
	skip 'lighttpd has no mod_openssl', 8 if !check_module();
	my $tls = Guerdon::Stack->new(workers => 1, start => 0);
	my $port = IO::Socket::INET->new(Listen => 1,
	    LocalAddr => '127.0.0.1')->sockport;
	mkdir "$tls->{home}/$_" or die for qw(tls lighttpd.d);
	my ($said, $status) = $tls->run(qw(openssl req -x509 -newkey rsa:2048
	    -nodes -days 1 -subj /CN=localhost -addext
	    subjectAltName=DNS:localhost -keyout), "$tls->{home}/tls/privkey.pem",
	    '-out', "$tls->{home}/tls/fullchain.pem");
	is($status, 0, 'a certificate is made') or diag($said);
	my $text = Guerdon::Stack::slurp(Guerdon::Stack::top() .
	    '/contrib/lighttpd/tls.conf');
	$text =~ s/0\.0\.0\.0:8443/127.0.0.1:$port/ or die;
	open my $out, '>', "$tls->{home}/lighttpd.d/tls.conf" or die;
	print $out $text;
	close $out or die;
	$tls->start;
	my $hsts = qr/^Strict-Transport-Security: max-age=31536000\r?$/m;
	like(by_tls($tls, $port, $_), $hsts, "HSTS by TLS: $_")
	    for '/v1/openapi.json', '/swagger/', '/v1/nothing', '/swagger/no';
	like(by_tls($tls, $port, "/$x"), $hsts, '... also 431');
	like(by_tls($tls, $port, '/swagger/'), qr/^Content-Security-Policy: /m,
	    '... beside the other headers');
	is($tls->call(GET => '/v1/openapi.json')->header(
	    'Strict-Transport-Security'), undef, '... and not without TLS');
}

done_testing;
