#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# However a header is spelled, doubled, folded or framed, it makes nobody of a
# client: on the public port and on both internal ones no worker sees an
# identity that wasn't proved, and no request but those that were sent.  What
# the workers saw is read in their logs, by the trace id of each request.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Http qw(http_all);
use Guerdon::Stack;

my $MANY = 40;			# what the standard asks for
my $AT_ONCE = 24;
my $g = Guerdon::Stack->new;
my $user = $g->person('USER');
my $admin = $g->person('ADMIN');
my %port = %{$g->{port}};
my %ask = (http => '/v1/users', auth => '/v1/users', event => '/v1/audit');

# What the processes tell each other, with true values; and what proves a
# client, on the public port and on the others.
my %told = (ROLE => 'ADMIN', SUBJECT => $admin->{userId},
    NODE_KEY => $g->node_key, SESSION => (split /\./, $admin->{refresh})[0],
    LISTENER => 'ops', ATTEMPT => 'at_' . '0' x 26);
my %proof = (http => "Bearer $admin->{token}", auth => $g->basic(1),
    event => $g->basic(1));

# Spellings of a name such as GUERDON_ROLE, %s being ROLE.
my @spellings = (
    'GUERDON_%s', 'Guerdon-%s', 'guerdon.%s', 'guerdon_%s', 'gUeRdOn_%s',
    'GUERDON__%s', 'GUERDON-_%s', '_GUERDON_%s', '-GUERDON-%s', 'GUERDON_%s_',
    'X-Guerdon-%s', 'X_GUERDON_%s', 'HTTP_GUERDON_%s', 'HTTP-Guerdon-%s',
    'HTTP_HTTP_GUERDON_%s', 'REDIRECT_GUERDON_%s', 'REDIRECT_HTTP_GUERDON_%s',
    'CGI_GUERDON_%s', 'FCGI_GUERDON_%s', 'PARAMS_GUERDON_%s', 'SSL_GUERDON_%s',
    'GUERDON %s', 'GUERDON_%s ', "GUERDON_%s\t", ' GUERDON_%s', "\tGUERDON_%s",
    ':GUERDON_%s', "\0GUERDON_%s", "GUERDON_%s\0", "GUERDON\0_%s",
    "\rGUERDON_%s", "\nGUERDON_%s", "\x0bGUERDON_%s", "\x7fGUERDON_%s",
    'GUERDON%%5F%s', 'GUERDON~%s', 'GUERDON!%s', 'GUERDON*%s', 'GUERDON|%s',
    'GUERDON/%s', '"GUERDON_%s"', 'GUERDON_%s[]', '$GUERDON_%s', '{GUERDON_%s}',
    'GUERDON_%s=', 'GUERDON_%s,X', "GUERDON\xe2\x80\x91%s", "GUERDON\xad%s",
    "\xef\xbb\xbfGUERDON_%s", "GUERDON\xff%s",
);

sub told {
	my ($spelling, $between) = @_;

	return map { sprintf($spelling, $_) . ($between // ': ') . $told{$_} }
	    sort keys %told;
}

# [what it is, lines of a head]; PROOF becomes what proves a client.
my @forged = (
    (map { ["the name $_", told($_)] } @spellings),
    ['no blank behind the colon', told('GUERDON_%s', ':')],
    ['many blanks behind the colon', told('GUERDON_%s', ':' . ' ' x 100)],
    ['an equals sign for the colon', told('GUERDON_%s', '=')],
    ['two colons', told('GUERDON_%s', '::')],
    ['each twice', told('GUERDON_%s'), told('GUERDON_%s')],
    ['each in two spellings', told('GUERDON_%s'), told('Guerdon-%s')],
    ['in the order of another', reverse told('Guerdon-%s')],
    ['folded by a blank', 'X: a', map { " $_" } told('GUERDON_%s')],
    ['folded by a tab', 'X: a', map { "\t$_" } told('GUERDON_%s')],
    ['folded before the value', told('GUERDON_%s', ":\r\n ")],
    ['after a bare LF', 'X: ' . join "\n", 'a', told('GUERDON_%s')],
    ['after a bare CR', 'X: ' . join "\r", 'a', told('GUERDON_%s')],
    ['after a NUL', 'X: ' . join "\0", 'a', told('GUERDON_%s')],
    ['after an escaped CR LF', 'X: ' . join '%0d%0a', 'a', told('GUERDON_%s')],
    ['after CR LF in UTF-8', 'X: ' . join "\xc4\x8d\xc4\x8a", 'a',
	told('GUERDON_%s')],
    ['in a cookie', 'Cookie: ' . join '; ', told('GUERDON_%s', '=')],
    ['in a media type', 'Content-Type: application/json; ' . join '; ',
	told('GUERDON_%s', '=')],
    ['in traceparent', 'traceparent: ' . join ',', told('GUERDON_%s', '=')],
    ['named by Connection', 'Connection: ' . join(', ', map { "GUERDON_$_" }
	sort keys %told), told('GUERDON_%s')],
    ['as options of Connection', 'Connection: ' . join ', ',
	told('GUERDON_%s', '=')],
    ['with an upgrade', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c',
	'HTTP2-Settings: AAMAAABkAAQAAP__', told('GUERDON_%s')],
    ['with an upgrade to a socket', 'Connection: Upgrade', 'Upgrade: websocket',
	'Sec-WebSocket-Key: x', told('GUERDON_%s')],
    # Parameters of FastCGI that are no header's.
    (map { ["the parameter $_", "$_: $admin->{userId}",
	"HTTP_$_: $admin->{userId}"] } qw(REMOTE_USER REMOTE_ADDR AUTH_TYPE
	REQUEST_URI SCRIPT_NAME PATH_INFO QUERY_STRING FCGI_ROLE SERVER_NAME)),
    # Headers by which other systems pass on who was authenticated.
    (map { ["the header $_", "$_: $admin->{userId}", "$_: ADMIN"] }
	qw(X-Forwarded-User X-Remote-User Remote-User X-Auth-User X-User-Id
	X-User-Role X-Role Role Subject Sub X-Authenticated-Userid From
	X-Auth-Request-User X-Consumer-Id X-Webauth-User X-Goog-Iap-Jwt-Assertion
	X-Amzn-Oidc-Identity X-Client-Cert SSL-Client-Verify X-SSL-Client-S-DN
	X-Service-Id X-Internal X-Admin Impersonate-User Sudo On-Behalf-Of)),
    (map { ["the address in $_", "$_: 127.0.0.1"] } qw(X-Forwarded-For
	X-Real-IP X-Client-IP True-Client-IP CF-Connecting-IP X-Cluster-Client-IP)),
    ['the address in Forwarded', 'Forwarded: for=127.0.0.1;by=127.0.0.1'],
    (map { ["another path in $_", "$_: /internal/health"] } qw(X-Original-URL
	X-Rewrite-URL X-Original-URI X-Forwarded-Path X-Forwarded-Prefix
	Destination Referer)),
    (map { ["another method in $_", "$_: DELETE"] } qw(X-HTTP-Method-Override
	X-HTTP-Method X-Method-Override)),
    ['a proxy for CGI', 'Proxy: http://127.0.0.1:1/'],
    # What proves a client, where it doesn't belong.
    (map { ["the proof in $_", "$_: PROOF"] } qw(X-Authorization
	Proxy-Authorization Authorisation Authorization_ Authorization-
	Authorization2 X-Original-Authorization X-Forwarded-Authorization
	HTTP_AUTHORIZATION HTTP-Authorization REDIRECT_HTTP_AUTHORIZATION
	Authentication WWW-Authenticate X-Access-Token X-Api-Key Sec-Authorization),
	'Author ization', 'Authorization ', "Authorization\t", ' Authorization',
	"\tAuthorization", "Authorization\0", ':Authorization', 'Authorization:'),
    ['the proof without a colon', 'Authorization PROOF'],
    ['the proof in a cookie', 'Cookie: Authorization=PROOF; access_token=PROOF'],
    ['the proof after a bare CR', "X: a\rAuthorization: PROOF"],
    ['the proof after a NUL', "X: a\0Authorization: PROOF"],
    ['the proof, folded', "X: a\r\n Authorization: PROOF"],
    ['the proof in a comment', 'User-Agent: (Authorization: PROOF)'],
    ['the proof twice', 'Authorization: PROOF', 'Authorization: PROOF'],
    ['the proof and another', 'Authorization: PROOF', 'Authorization: Bearer x'],
    ['another and the proof', 'Authorization: x', 'Authorization: PROOF'],
    ['the proof in a list', 'Authorization: x, PROOF'],
    ['the proof and a NUL', "Authorization: PROOF\0"],
    ['the scheme twice', 'Authorization: Bearer PROOF'],
);

my $serial = 0;
my %seen;		# trace id => what was sent

# A request without a body whose head has these lines, before or behind ours.
sub message {
	my ($on, $path, $case, @more) = @_;
	my ($what, @lines) = @$case;
	my $head = join "\r\n", "GET $path HTTP/1.1",
	    "Host: 127.0.0.1:$port{$on}", 'Connection: close',
	    $what eq 'in traceparent' ? () : new_trace("$on: $what"),
	    @more, map { s/PROOF/$proof{$on}/gr } @lines;

	return {port => $port{$on}, path => $path, raw => "$head\r\n\r\n",
	    timeout => 5};
}

sub answers {
	my @requests = @_;
	my @got;

	push @got, http_all(splice @requests, 0, $AT_ONCE) while @requests;
	return @got;
}

sub new_trace {
	my ($what) = @_;
	my $trace = sprintf '%016x%016x', $$, ++$serial;

	$seen{$trace} = $what;
	return "traceparent: 00-$trace-00f067aa0ba902b7-01";
}

# What the workers of a pool say about those.
sub lines {
	my ($pool) = @_;

	return grep { defined $_->{traceId} && $seen{$_->{traceId}} }
	    $g->log("fcgi-$pool");
}

# Send each case so; what the answers are, but for those that are as wanted.
sub odd {
	my ($want, $on, $path, @more) = @_;
	my @answers = answers(map { message($on, $path, $_, @more) } @forged);

	return join "\n", map { "$forged[$_][0]: " . $answers[$_]->brief }
	    grep { !$want->($answers[$_]) } 0 .. $#forged;
}

sub status { my @may = @_; return sub { my $s = $_[0]->status;
    scalar grep { $s == $_ } @may } }

# That each proof is one, spelled as it should be.
for my $on (sort keys %ask) {
	is((answers(message($on, $ask{$on}, ['the proof',
	    'Authorization: PROOF'])))[0]->status, 200, "$on: the proof is one");
}
%seen = ();

for my $on (sort keys %ask) {
	is(odd(status(400, 401), $on, $ask{$on}), '',
	    "$on: " . @forged . ' forged heads prove nobody');
}
my @as_user = ("Authorization: Bearer $user->{token}");
is(odd(status(400, 401, 403), 'http', '/v1/users', @as_user), '',
    "behind a USER's token they make no ADMIN");
is(odd(sub { $_[0]->status =~ /^40[01]$/ || $_[0]->status == 200 &&
    $_[0]->get('userId') eq $user->{userId} }, 'http', '/v1/users/me',
    @as_user), '', '... and nobody else');
is(odd(status(400, 404), 'http', '/healthz'), '',
    '... and no other listener of it');
is(odd(status(400, 404), 'http', '/internal/health', @as_user), '',
    '... and open no internal operation');

# What the workers saw: nobody, or the USER by the token.
# A request's line has a status, a security event none.
my %lines = map { $_ => [grep { defined $_->{status} } lines($_)] }
    qw(gw auth event);
for my $pool (sort keys %lines) {
	my @of = @{$lines{$pool}};
	cmp_ok(scalar @of, '>', @forged / 2, "$pool: " . @of .
	    ' of them reached a worker');
	is(join(', ', map { "$seen{$_->{traceId}} as $_->{subject}" }
	    grep { ($_->{subject} // '') ne '' &&
	    $_->{subject} ne $user->{userId} } @of), '', '... as nobody else');
	is(scalar(grep { $_->{status} >= 500 } @of), 0, '... without a 5xx');
}
is(join(', ', map { $seen{$_->{traceId}} } grep { $_->{status} < 400 &&
    ($_->{operation} // '') !~ /^(?:user_me|token_introspect)$/ }
    map { @$_ } values %lines), '', 'nothing was served but who one is');

# Two messages in one.  HIDDEN is a request that nobody sent: no worker may
# see it.
my $hidden = "GET /v1/smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" .
    "Authorization: Bearer $admin->{token}\r\n\r\n";
my $end = "0\r\n\r\n$hidden";		# a body that ends, and then it
my $chunk = sprintf "%x\r\n%s\r\n0\r\n\r\n", length $hidden, $hidden;
my $len = 'Content-Length: ';
my @framed = (
    # A length that ends behind it, and chunks that end before it.
    (map { ["length and chunks: $_", $len . length $end, $_, $end] }
	'Transfer-Encoding: chunked', 'transfer-encoding: CHUNKED',
	'Transfer-Encoding:chunked', "Transfer-Encoding:\tchunked",
	'Transfer-Encoding : chunked', ' Transfer-Encoding: chunked',
	"Transfer-Encoding\t: chunked", "Transfer-Encoding:\r\n chunked",
	"X: a\r\n Transfer-Encoding: chunked", "X: a\rTransfer-Encoding: chunked",
	'Transfer-Encoding: chunked, identity', 'Transfer-Encoding: identity',
	'Transfer-Encoding: identity, chunked', 'Transfer-Encoding: xchunked',
	'Transfer-Encoding: chunked;q=1', 'Transfer-Encoding: "chunked"',
	'Transfer-Encoding: chunked, chunked', "Transfer-Encoding: \x0bchunked",
	"Transfer-Encoding: chunked\0", 'Transfer-Encoding: gzip, chunked',
	"Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
	"Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
	'Transfer_Encoding: chunked', 'Transfer.Encoding: chunked',
	'HTTP_TRANSFER_ENCODING: chunked', 'TE: chunked', 'Trailer: chunked'),
    # Chunks that end behind it, and a length that ends before it.
    (map { ["chunks and a length: $_", $_, 'Transfer-Encoding: chunked',
	$chunk] } 'Content-Length: 4', 'Content-Length: 0', 'Content_Length: 4',
	'Content-Length: ', "Content-Length: 4\r\nContent-Length: 4"),
    # Lengths that can be read in two ways.
    (map { ["the length $_", "Content-Length: $_", "{}$hidden"] } '+2', '-2',
	'0x2', '2.0', '2e0', '2,2', '2, 400', '2 2', "2\x0b", "2\0", '"2"', '2;',
	'18446744073709551618', '4294967298', "2\r\nContent-Length: 400",
	"400\r\nContent-Length: 2", "\r\n 2", "\xd9\xa2", 'two'),
    ['a blank before the colon', 'Content-Length : 2', "{}$hidden"],
    # Chunks that can be read in two ways.
    (map { ["a chunk's size $_", 'Transfer-Encoding: chunked',
	"$_\r\n{}\r\n$end"] } '-2', '+2', '0x2', '2 2', ' 2', '2.', '2,',
	'10000000000000002', '100000002', "2\0", '2"', 'g', ''),
    (map { ['a chunk in another form', 'Transfer-Encoding: chunked', $_] }
	"2\n{}\n0\n\n$hidden", "2\r\n{}$end", "2\r\n{}\r\n0\r\nX: a\r\n$hidden",
	"2\r{}\r0\r\r$hidden", "2;a=b\n\r\n{}\r\n$end", "2;\0\r\n{}\r\n$end"),
    # Bodies where none is expected, and that are a body all the same.
    ['HEAD', 'METHOD HEAD', $len . length $hidden, $hidden],
    ['OPTIONS', 'METHOD OPTIONS', $len . length $hidden, $hidden],
    ['DELETE', 'METHOD DELETE', $len . length $hidden, $hidden],
    ['GET', 'METHOD GET', $len . length $hidden, $hidden],
    ['GET, in chunks', 'METHOD GET', 'Transfer-Encoding: chunked', $chunk],
    ['Expect', 'Expect: 100-continue', $len . length $hidden, $hidden],
    ['Expect, of another kind', 'Expect: 200-ok', $len . length $hidden,
	$hidden],
    ['CONNECT', 'METHOD CONNECT', $len . length $hidden, $hidden],
    ['HTTP/1.0 in chunks', 'VERSION HTTP/1.0', 'Transfer-Encoding: chunked',
	'Connection: keep-alive', $end],
);

# The bytes of such a message: lines of its head, then its body.
sub framed {
	my ($what, @lines) = @{$_[1]};
	my $body = pop @lines;
	my ($method, $version) = ('POST', 'HTTP/1.1');

	@lines = grep { !(s/^METHOD // && ($method = $_)) &&
	    !(s/^VERSION // && ($version = $_)) } my @copy = @lines;
	my $path = $_[0] eq 'event' ? '/v1/events' : '/v1/auth/login';
	return {port => $port{$_[0]}, timeout => 2, path => $path, raw =>
	    join("\r\n", "$method $path $version", 'Host: x',
	    'Content-Type: application/json', @lines) . "\r\n\r\n$body"};
}

sub smuggled {
	return scalar grep { ($_->{path} // '') =~ m{^/v1/smuggled} }
	    map { $g->log("fcgi-$_") } qw(gw auth event);
}

is(smuggled(), 0, 'nothing is smuggled yet');
for my $on (sort keys %ask) {
	my @answers = http_all(map { framed($on, $_) } @framed);
	# The status of the first answer; a second one is a second request.
	is(join("\n", map { "$framed[$_][0]: " . substr $answers[$_]{raw}, 0, 400 }
	    grep { $answers[$_]{raw} =~ /traceparent.*\r\n\r\n.*^HTTP\/1/ms ||
	    $answers[$_]->status >= 500 && $answers[$_]->status != 501 &&
	    $answers[$_]->status != 505 } 0 .. $#framed), '',
	    "$on: " . @framed . ' ambiguous messages are one or none');
}
is(smuggled(), 0, '... and no worker has seen what they hide');
# A control: two messages that are two.
http_all(framed('http', ['two', "Content-Length: 2", "{}$hidden"]));
is(smuggled(), 1, 'a request that follows in good order is seen');

# Paths that mean an internal operation to somebody, on the public port, by
# an administrator.
my @targets = map { my $to = $_; ($to, "/$to", "/.$to", "/v1/..$to",
    "/v1/%2e%2e$to", "/v1/.%2E$to", "/v1/..%2f" . substr($to, 1),
    "/v1%2f..$to", "/v1/events/../..$to", "/v1/events/..;/..$to", "/v1;$to",
    "/v1/..\\" . substr($to, 1), "/swagger/..$to", "/swagger/%2e%2e$to",
    "/healthz/..$to", "$to/", "$to/.", "$to;x=y", "$to?GUERDON_ROLE=SERVICE",
    "$to%00", "$to%20", "$to%0d%0aX:%20y", "$to%23", "$to#x", "$to.json",
    "/v1$to", uc $to, ($to =~ s/n/%6e/r), ($to =~ s/n/%256e/r),
    ($to =~ s/n/%u006e/r), ($to =~ s{(.)/}{$1%2f}r),
    "http://127.0.0.1:$port{auth}$to", "http://127.0.0.1:$port{http}$to",
    "http://x\@127.0.0.1:$port{auth}$to", "http:$to", "127.0.0.1:$port{auth}",
    "*$to", "\\" . substr($to, 1), "/v1/events HTTP/1.1\r\nX: $to") }
    '/internal/health', '/introspect', "/internal/users/$admin->{userId}";
my @hosts = ("127.0.0.1:$port{auth}", "127.0.0.1:$port{event}", 'fcgi-auth',
    "x\r\nHost: 127.0.0.1:$port{auth}", "x, 127.0.0.1:$port{auth}",
    "127.0.0.1:$port{auth}/internal", "x\r\nX-Forwarded-Host: 127.0.0.1:$port{auth}",
    "127.0.0.1:$port{http}\@127.0.0.1:$port{auth}", '');
my @paths = ((map { ['x', $_] } @targets),
    (map { [$_, '/internal/health'] } @hosts));
my %odd;
%seen = ();
for my $method ('GET', 'POST') {
	my @answers = answers(map { {port => $port{http}, path => $_->[1],
	    timeout => 5, raw => "$method $_->[1] HTTP/1.1\r\nHost: $_->[0]\r\n" .
	    new_trace("@$_") . "\r\nConnection: close\r\n" .
	    "Authorization: Bearer $admin->{token}\r\n" .
	    ($method eq 'POST' ? 'Content-Type: application/x-www-form-urlenco' .
	    "ded\r\nContent-Length: 7\r\n\r\ntoken=x" : "\r\n")} } @paths);
	for (0 .. $#paths) {
		my $got = $answers[$_]->brief;
		$odd{"$method @{$paths[$_]}: $got"}++ if $got !~ /^40[045]/ &&
		    $paths[$_][1] !~ m{^/v1/events HTTP};
	}
}
is(join("\n", sort keys %odd), '', @targets . ' targets and ' . @hosts .
    ' hosts lead to no internal operation');
# The gateway asks whether each token is good, and does it in its own words.
is(join(', ', map { "$seen{$_->{traceId}}: $_->{path}" } grep {
    $_->{path} !~ m{^(?:/introspect|/v1/events)$} } map { lines($_) }
    qw(auth event)), '', '... in any worker');
cmp_ok(scalar lines('gw'), '>', @targets / 2, '... of those that the gateway saw');

note(@forged . ' forged heads, ' . @framed . ' ambiguous messages, ' .
    @targets . ' targets');
cmp_ok(scalar @forged, '>=', $MANY, @forged . ' spellings and doublings');
done_testing;
