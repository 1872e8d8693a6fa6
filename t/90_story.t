#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# The whole story: an administrator takes on staff, an operator publishes an
# event with rewards, a user signs up, logs in and claims it, an auditor reads
# the claim and the trail; told by curl, as the README tells it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Stack;

plan skip_all => 'curl is not installed'
    if !grep { -x "$_/curl" } split /:/, $ENV{PATH};

my $g = Guerdon::Stack->new;
my $json = $Guerdon::Stack::json;

# Ask with curl; the status and the body.  A POST without a body needs -d '',
# for lighttpd wants a length: 411 else.
sub curl {
	my ($method, $path, $token, $body) = @_;
	my @command = ('curl', '-s', '--noproxy', '*', '--max-time', '10', '-X',
	    $method, '-w', "\n%{http_code}", "$g->{demo}{URL}$path",
	    $token ? ('-H', "Authorization: Bearer $token") : (),
	    $body ? ('-H', 'Content-Type: application/json', '-d',
	    $json->encode($body)) : $method eq 'POST' ? ('-d', '') : ());
	my $out = qx(@{[Guerdon::Stack::quote(@command)]});
	my ($text, $status) = $out =~ /^(.*)\n(\d+)$/s;

	return ($status, $text ne '' ? $json->decode($text) : undef);
}

sub login {
	my ($email, $password) = @_;
	my ($status, $session) = curl(POST => '/v1/auth/login', undef,
	    {email => $email, password => $password});
	is($status, 200, "$email logs in");
	return $session->{accessToken};
}

my $admin = login(@{$g->{demo}}{qw(ADMIN_EMAIL ADMIN_PASSWORD)});
my %token;
for my $role (qw(OPERATOR AUDITOR)) {
	my ($status, $user) = curl(POST => '/v1/staff', $admin, {email =>
	    lc "$role\@example.org", password => 'a good pass phrase',
	    name => $role, role => $role});
	is($status, 201, "the administrator takes on an $role");
	$token{$role} = login($user->{email}, 'a good pass phrase');
}
my ($status, $event) = curl(POST => '/v1/events', $token{OPERATOR}, {
    title => 'Spring festival', startsAt => '2020-01-01T00:00:00Z',
    endsAt => '2090-01-01T00:00:00Z', rewards => [{type => 'POINT',
    name => '500 points', quantity => 500}]});
is($status, 201, 'the operator publishes an event');
($status, my $reward) = curl(POST => "/v1/events/$event->{eventId}/rewards",
    $token{OPERATOR}, {type => 'COUPON', name => 'a coupon', quantity => 1});
is($status, 201, '... and adds a reward');

($status, my $user) = curl(POST => '/v1/users', undef, {email =>
    'ada@example.org', password => 'correct horse battery', name => 'Ada'});
is($status, 201, 'a user signs up');
$token{USER} = login('ada@example.org', 'correct horse battery');
($status, my $events) = curl(GET => '/v1/events', $token{USER});
is($events->{items}[0]{eventId}, $event->{eventId}, '... finds the event');
($status, my $claim) = curl(POST => "/v1/events/$event->{eventId}/claims",
    $token{USER});
is($status, 201, '... and claims it');
is(join(', ', map { "$_->{quantity} $_->{name}" } @{$claim->{rewards}}),
    '500 500 points, 1 a coupon', '... with both rewards');
($status, my $again) = curl(POST => "/v1/events/$event->{eventId}/claims",
    $token{USER});
is("$status $again->{code} $again->{claimId}",
    "409 ALREADY_CLAIMED $claim->{claimId}", '... once');

($status, my $seen) = curl(GET => "/v1/claims/$claim->{claimId}",
    $token{AUDITOR});
is_deeply($seen, $claim, 'the auditor reads the claim');
my @codes;
ok($g->wait_for(sub {
	my (undef, $audit) = curl(GET =>
	    "/v1/audit?userId=$user->{userId}", $token{AUDITOR});
	@codes = map { $_->{result}{code} } @{$audit->{items}};
	return @codes == 2;
}, 2), '... and both attempts');
is("@codes", 'ALREADY_CLAIMED GRANTED', '... with their results');
is((curl(GET => '/v1/claims', $token{USER}))[0], 403,
    'the user may not read those of all');
is((curl(POST => '/v1/auth/logout', $token{USER}))[0], 204, 'and logs out');
is((curl(GET => '/v1/users/me', $token{USER}))[0], 401, '... for good');

done_testing;
