#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Logout, a lowered role and DISABLED take effect on the very next request,
# through whichever of the workers it goes.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Http qw(http_all);
use Guerdon::Stack;

my $g = Guerdon::Stack->new(workers => 4);

# What 12 requests at once get with a token: one answer, or several.
sub told {
	my ($as, $path) = @_;
	my %told = map { $_->brief => 1 } http_all(map { $g->request(
	    GET => $path // '/v1/users/me', as => $as) } 1 .. 12);

	return join ' or ', sort keys %told;
}

sub patch {
	my ($user, %change) = @_;

	return $g->call(PATCH => "/v1/users/$user->{userId}", as => 'ADMIN',
	    json => \%change);
}

my $user = $g->new_user;
for my $round (1 .. 5) {
	$g->log_in($user);
	my $other = $g->log_in({%$user});
	is(told($user), '200', "round $round: a token is good");
	is_status($g->call(POST => '/v1/auth/logout', as => $user), 204,
	    '... until the logout');
	is(told($user), '401 INVALID_TOKEN', '... and refused from then on');
	is(told($other), '200', '... but not that of another session');

	is_status(patch($user, status => 'DISABLED'), 200, '... DISABLED');
	is(told($other), '401 INVALID_TOKEN', '... is refused at once');
	is_status(patch($user, status => 'ACTIVE'), 200, '... and ACTIVE');
	is(told($other), '401 INVALID_TOKEN',
	    '... does not bring the sessions back');
}
is_problem($g->call(POST => '/v1/auth/logout', as => $user), 401,
    'INVALID_TOKEN', 'a second logout');

# Roles are those of the moment, not of the token.
my $staff = $g->new_user('OPERATOR');
my %event = (title => 'T', startsAt => '2020-01-01T00:00:00Z',
    endsAt => '2090-01-01T00:00:00Z');
for my $round (1 .. 3) {
	is_status($g->call(POST => '/v1/events', as => $staff, json => \%event),
	    201, "round $round: an operator publishes");
	is_status(patch($staff, role => 'USER'), 200, '... is made a user');
	is_problem($g->call(POST => '/v1/events', as => $staff,
	    json => \%event), 403, 'INSUFFICIENT_ROLE', '... and may not');
	is(told($staff, '/v1/claims'), '403 INSUFFICIENT_ROLE',
	    '... neither read claims');
	is($g->call(GET => '/v1/users/me', as => $staff)->get('role'), 'USER',
	    '... and sees so');
	is_status(patch($staff, role => 'AUDITOR'), 200, '... then an auditor');
	is(told($staff, '/v1/audit'), '200', '... reads the audit at once');
	is_status(patch($staff, role => 'OPERATOR'), 200, '... and an operator');
	is(told($staff, '/v1/audit'), '403 INSUFFICIENT_ROLE',
	    '... may not read it any more');
}
my $admin = $g->new_user('ADMIN');
is(told($admin, '/v1/users'), '200', 'a second administrator');
is_status(patch($admin, role => 'USER'), 200, '... is lowered');
is(told($admin, '/v1/users'), '403 INSUFFICIENT_ROLE', '... at once');
is_status(patch($admin, role => 'ADMIN', status => 'DISABLED'), 200,
    '... raised, but disabled');
is(told($admin, '/v1/users'), '401 INVALID_TOKEN', '... is nobody');

# An event that is hidden is so for the next request.
my $event = $g->new_event;
my $path = "/v1/events/$event->{eventId}";
for my $round (1 .. 3) {
	is(told('USER', $path), '200', "round $round: an event is seen");
	is_status($g->call(PATCH => $path, as => 'OPERATOR', json => {status =>
	    'PAUSED'}, headers => ['If-Match', '*']), 200, '... paused');
	is(told('USER', $path), '404 NOT_FOUND', '... and not seen');
	is_status($g->call(PATCH => $path, as => 'OPERATOR', json => {status =>
	    'ACTIVE'}, headers => ['If-Match', '*']), 200, '... and opened');
}

done_testing;
