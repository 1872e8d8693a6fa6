#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Errors: every code that can be had without a fault is a whole problem
# document, one code has one title and one status, and no answer tells which
# programs gave it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Digest::SHA qw(hmac_sha1);
use Test::More;
use Guerdon::Assert;
use Guerdon::Contract;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $event = $g->new_event;
my $path = "/v1/events/$event->{eventId}";
my $taken = $g->person('USER')->{email};
my @patch = (PATCH => $path, as => 'OPERATOR', json => {title => 'x'});
my $full = $g->new_event(rewards => [map { {type => 'ITEM', name => "r$_",
    quantity => 1} } 1 .. 100]);

my @key = (headers => ['Idempotency-Key', 'k']);
$g->call(POST => "$path/rewards", as => 'OPERATOR', @key,
    json => {type => 'ITEM', name => 'one', quantity => 1});
$g->claim($event, 'USER');
# Limits and decisions.
my %item = (type => 'ITEM', name => 'R', quantity => 1);
my $none = $g->new_event(rewards => [{%item, stock => 0}]);
my $gone = $g->new_event(rewards => [{%item, stock => 1}]);
my $claimed = $g->claim($gone, 'USER')->get('claimId');
my $waiting = $g->claim($g->new_event(rewards => [{%item,
    requiresApproval => JSON::PP::true}]), 'USER')->get('claimId');

my @cases = (
    [400, MALFORMED_REQUEST => GET => '/v1/events/%00', as => 'USER'],
    [400, MALFORMED_JSON => POST => '/v1/users', body => '{'],
    [400, VALIDATION_FAILED => POST => '/v1/users', json => {}],
    [400, INVALID_CURSOR => GET => '/v1/events?cursor=x', as => 'USER'],
    [401, UNAUTHENTICATED => GET => '/v1/events'],
    [401, INVALID_TOKEN => GET => '/v1/events', as => 'x.y.z'],
    [401, INVALID_CREDENTIALS => POST => '/v1/auth/login',
	json => {email => 'nobody@example.org', password => 'wrong password'}],
    [401, INVALID_GRANT => POST => '/v1/auth/refresh',
	json => {refreshToken => 'nonsense'}],
    [403, WRONG_PASSWORD => DELETE => '/v1/users/me', as => 'USER',
	json => {password => 'not the password'}],
    [403, INSUFFICIENT_ROLE => GET => '/v1/audit', as => 'USER'],
    [403, NO_SUBJECT => GET => '/v1/users/me', on => 'auth', basic => 1],
    [404, NOT_FOUND => GET => '/v1/claims/cl_1', as => 'USER'],
    [405, METHOD_NOT_ALLOWED => PUT => '/v1/events'],
    [409, EMAIL_TAKEN => POST => '/v1/users', json => {email => $taken,
	password => 'correct horse battery', name => 'N'}],
    [409, LAST_ADMIN => PATCH => '/v1/users/' . $g->person('ADMIN')->{userId},
	as => 'ADMIN', json => {role => 'USER'}],
    [409, ALREADY_CLAIMED => POST => "$path/claims", as => 'USER'],
    [409, EVENT_NOT_OPEN => POST => "/v1/events/" . $g->new_event(
	endsAt => '2020-01-02T00:00:00Z')->{eventId} . '/claims', as => 'USER'],
    [409, NO_REWARDS => POST => "/v1/events/" . $g->new_event(
	rewards => [])->{eventId} . '/claims', as => 'USER'],
    [409, TOO_MANY_REWARDS => POST => "/v1/events/$full->{eventId}/rewards",
	as => 'OPERATOR', json => {type => 'ITEM', name => 'R', quantity => 1}],
    [409, NOT_ELIGIBLE => POST => "/v1/events/" . $g->new_event(conditions =>
	{accountAge => 'DAYS', op => 'GTE', value => 9})->{eventId} .
	'/claims', as => 'USER'],
    [409, SOLD_OUT => POST => "/v1/events/$none->{eventId}/claims",
	as => 'USER'],
    [409, LIMIT_TOO_LOW => PATCH => "/v1/rewards/" .
	$gone->{rewards}[0]{rewardId}, as => 'OPERATOR',
	json => {stock => 0}, headers => ['If-Match', '*']],
    [409, NOT_PENDING => POST => "/v1/claims/$claimed/approve",
	as => 'OPERATOR'],
    [409, NOT_GRANTED => POST => "/v1/claims/$waiting/revoke", as => 'ADMIN',
	json => {reason => 'none'}],
    [412, PRECONDITION_FAILED => @patch, headers => ['If-Match', '"0"']],
    [413, BODY_TOO_LARGE => POST => '/v1/users', body => 'x' x 65537],
    [415, UNSUPPORTED_MEDIA_TYPE => POST => '/v1/users', body => '{}',
	type => 'text/html'],
    [422, IDEMPOTENCY_KEY_REUSED => POST => "$path/rewards", as => 'OPERATOR',
	json => {type => 'ITEM', name => 'two', quantity => 1}, @key],
    [428, PRECONDITION_REQUIRED => @patch],
);

# Of second factors: one that is set up here.
my $staff = $g->new_user('OPERATOR');
my @factor = (as => $staff, json => {password => $staff->{password}});
my $secret = $g->call(POST => '/v1/users/me/factor', @factor)->get('secret');
push @cases, [403, WRONG_CODE => POST => '/v1/users/me/factor/confirmation',
    as => $staff, json => {code => code(-9)}];

sub code {
	my $key = pack 'B*', join '', map { sprintf '%05b', index
	    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', $_ } split //, $secret;
	my $mac = hmac_sha1(pack('Q>', int(time / 30) + $_[0]), $key);

	return sprintf '%06d', (unpack('N', substr $mac,
	    ord(substr $mac, -1) & 15, 4) & 0x7fffffff) % 1_000_000;
}

my (%seen, @answers);
for my $case (@cases) {
	my ($status, $code, $method, $target, %o) = @$case;
	my $res = $g->call($method => $target, %o);
	is_problem($res, $status, $code, "$status $code");
	$seen{$code} = $res;
	push @answers, $res;
}
is_status($g->call(POST => '/v1/users/me/factor/confirmation', as => $staff,
    json => {code => code(0)}), 200, 'a second factor');
for my $case ([409, FACTOR_EXISTS => POST => '/v1/users/me/factor', @factor],
    [401, SECOND_FACTOR_REQUIRED => POST => '/v1/auth/login', json => {
    map { $_ => $staff->{$_} } qw(email password)}]) {
	my ($status, $code, $method, $target, %o) = @$case;
	my $res = $g->call($method => $target, %o);
	is_problem($res, $status, $code, "$status $code");
	$seen{$code} = $res;
	push @answers, $res;
}
# These need another request at work, a fault, another configuration, or a
# limit; where they are produced.
my %elsewhere = (IDEMPOTENCY_CONFLICT => '77_idempotency',
    RATE_LIMITED => '57_limits', INTERNAL_ERROR => '59_security_events',
    SERVICE_UNAVAILABLE => '83_database', HEADERS_TOO_LARGE => '42_targets',
    FACTOR_REQUIRED => '59_second_factor');
for my $code (sort keys %elsewhere) {
	like(Guerdon::Stack::slurp("$FindBin::Bin/$elsewhere{$code}.t"),
	    qr/is_problem\([^;]*'$code'/, "$code: in $elsewhere{$code}.t");
}
is(join(' ', grep { !$seen{$_} && !$elsewhere{$_} }
    @{contract('auth')->{components}{schemas}{Problem}{properties}{code}{enum}}),
    '', 'every other code of the contract was seen');

my %title;
push @{$title{$_->get('title') // ''}}, $_->code for @answers;
is(join(' ', grep { @{$title{$_}} > 1 } keys %title), '',
    'each code has a title of its own');
is($seen{NOT_FOUND}->get('type'),
    $g->call(GET => '/v1/nowhere')->get('type'), 'one code has one type');
isnt($seen{NOT_FOUND}->get('type'), $seen{NO_SUBJECT}->get('type'),
    '... and another code another');

# Errors of a body point to where they are.
my $res = $g->call(POST => '/v1/events', as => 'OPERATOR', json => {
    title => '', startsAt => 'soon', nonsense => 1, rewards => [
    {type => 'GOLD', name => 'R', quantity => 0, 'a/b~c' => 1}]});
is_deeply([faults($res)], ['/endsAt REQUIRED', '/nonsense UNKNOWN_MEMBER',
    '/rewards/0/a~1b~0c UNKNOWN_MEMBER', '/rewards/0/quantity OUT_OF_RANGE',
    '/rewards/0/type NOT_IN_ENUM', '/startsAt WRONG_FORMAT',
    '/title TOO_SHORT'], 'all faults of a body at once') or diag($res->body);
$res = $g->call(POST => '/v1/users', json => {
    email => 'not an address', password => 'Sesame1', name => 'x' x 101});
is_deeply([faults($res)], ['/email WRONG_FORMAT', '/name TOO_LONG',
    '/password TOO_SHORT'], 'all faults of a sign-up at once');
unlike($res->body, qr/Sesame1|not an address/, '... and no value repeated');

# Nothing leaks.
push @answers, $g->call(GET => '/v1/openapi.json'), $g->call(GET => '/swagger/'),
    $g->call(GET => '/v1/events', headers => ['X-Long', 'x' x 9000]),
    $g->call(GET => '/healthz', on => 'ops'), $g->call(NONSENSE => '/'),
    $g->call(GET => '/swagger/nothing'), $g->call(GET => '/v1/events',
    as => 'USER');
my @telling = grep { $_->header('Server') || $_->header('X-Powered-By') ||
    $_->header('Via') } @answers;
is(join(' ', map { $_->request->{path} } @telling), '',
    'no header names a program');
@telling = grep { $_->body =~ m{lighttpd|mongo|ferret|postgres|libfcgi|
    \.[ch]:\d|E11000|/run/|/var/|\.sock}xi } @answers[0 .. $#cases];
is(join(' ', map { $_->code } @telling), '', 'nor does any problem');
is(join(' ', map { $_->request->{path} } grep { $_->status >= 400 &&
    ($_->header('Content-Type') // '') ne 'application/problem+json' }
    @answers), '', 'every refusal is a problem document');
is(join(' ', map { $_->request->{path} } grep { $_->body ne '' &&
    !$_->header('Content-Type') } @answers), '',
    'every body has a Content-Type');

done_testing;
