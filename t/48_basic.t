#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# The internal ports: the service credential by HTTP Basic and nothing else.
# What SERVICE may do is what ADMIN may, but for what needs a user.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use MIME::Base64 qw(encode_base64);
use Test::More;
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my ($id, $secret) = @{$g->{demo}}{qw(SERVICE_ID SERVICE_SECRET)};
my $event = $g->new_event;
my %path = (auth => '/v1/users', event => '/v1/events');

like($id, qr/^[A-Za-z0-9_-]{16,}$/, 'the id has safe characters');
like($secret, qr/^[A-Za-z0-9_-]{43,}$/, 'the secret has 256 bits of them');
my $stored = Guerdon::Stack::slurp("$g->{home}/keys/service");
ok($stored ne '' && index($stored, $secret) < 0, 'it is stored as a hash');
is((stat "$g->{home}/keys/service")[2] & 077, 0, '... that nobody else reads');

sub basic { return 'Basic ' . encode_base64(join(':', @_), '') }

for my $port (sort keys %path) {
	my $ask = sub { $g->call(GET => $path{$port}, on => $port,
	    headers => [map { ('Authorization', $_) } @_]) };
	my $res = $ask->();
	is_problem($res, 401, 'UNAUTHENTICATED', "$port: no credentials");
	like($res->header('WWW-Authenticate'), qr/^Basic realm="[^"]+"/,
	    '... a challenge for Basic');
	is_status($ask->(basic($id, $secret)), 200, "$port: the credential");
	is_status($ask->(basic($id, $secret) =~ s/Basic/bAsIc/r), 200,
	    '... the scheme has no case');
	for my $bad (basic($id, $secret =~ tr/a-zA-Z/b-zaB-ZA/r),
	    basic($id, ''), basic('', $secret), basic('x', $secret),
	    basic(lc $id, $secret), basic("$id$id", $secret),
	    basic($id, $secret, ''), basic("$id $secret"), 'Basic',
	    'Basic !', 'Basic ' . 'x' x 5000, basic($id, "$secret\0"),
	    basic('', ''), 'Bearer ' . $g->token('ADMIN'),
	    'Bearer ' . basic($id, $secret)) {
		$res = $ask->($bad);
		is_status($res, 401, "$port: " . substr($bad, 0, 20) . ' ...');
		like($res->header('WWW-Authenticate') // '', qr/^Basic /,
		    '... a challenge');
	}
	is_status($ask->(basic($id, $secret), basic($id, $secret)), 401,
	    "$port: two Authorization headers");
}

# What a service can do.
is_status($g->call(POST => '/v1/staff', on => 'auth', basic => 1, json => {
    email => 's@example.org', password => 'correct horse battery',
    name => 'S', role => 'OPERATOR'}), 201, 'it takes on staff');
my $made = $g->call(POST => '/v1/events', on => 'event', basic => 1, json => {
    title => 'T', startsAt => '2020-01-01T00:00:00Z',
    endsAt => '2090-01-01T00:00:00Z'});
is_status($made, 201, 'it publishes an event');
ok(length($made->get('createdBy') // ''), '... under some name');
is_status($g->call(GET => $made->header('Location') // '/', on => 'event',
    basic => 1), 200, '... and reads it');
my $draft = $g->new_event(status => 'DRAFT');
is_status($g->call(GET => "/v1/events/$draft->{eventId}", on => 'event',
    basic => 1), 200, 'it sees a draft, as an administrator does');
is_status($g->call(GET => '/internal/users/' . $g->person('USER')->{userId},
    on => 'auth', basic => 1), 200, 'it reads a user');
is_status($g->call(GET => '/v1/audit', on => 'event', basic => 1), 200,
    'it reads the audit');

# What needs a user.
for my $case (['auth', GET => '/v1/users/me'],
    ['auth', POST => '/v1/auth/logout'],
    ['event', GET => '/v1/users/me/claims'],
    ['event', POST => "/v1/events/$event->{eventId}/claims"]) {
	my ($port, $method, $path) = @$case;
	is_problem($g->call($method => $path, on => $port, basic => 1), 403,
	    'NO_SUBJECT', "$method $path needs a user");
	is_status($g->call($method => $path, on => $port), 401,
	    '... and 401 comes first');
}

# What is PUBLIC needs nothing.
my $res = $g->call(POST => '/v1/auth/login', on => 'auth', json => {
    map { $_ => $g->person('USER')->{$_} } qw(email password)});
is_status($res, 200, 'a login on the internal port');
is_status($g->call(GET => '/v1/openapi.json', on => $_), 200,
    "$_: the document") for qw(auth event);

# The public port has no service.
is_problem($g->call(GET => '/v1/users', basic => 1), 401, 'UNAUTHENTICATED',
    'Basic on the public port');

done_testing;
