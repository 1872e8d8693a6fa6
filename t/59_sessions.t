#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Sessions as objects: listed and ended by their user and by an administrator,
# and ended by a change of the password; each on the very next request.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Http qw(http_all);
use Guerdon::Stack;

my $g = Guerdon::Stack->new(workers => 4);

sub sid { return (split /\./, $_[0]{refresh})[0] }
sub ids { return join ' ', map { $_->{sessionId} } @_ }
sub again { return $g->log_in({%{$_[0]}}) }
sub refresh { return $g->call(POST => '/v1/auth/refresh',
    json => {refreshToken => $_[0]{refresh}})->brief }

# What 12 requests at once get with a token: one answer, or several.
sub told {
	my ($as) = @_;
	my %told = map { $_->brief => 1 } http_all(map { $g->request(
	    GET => '/v1/users/me', as => $as) } 1 .. 12);

	return join ' or ', sort keys %told;
}
use constant GONE => '401 INVALID_TOKEN';

# The list.
my $user = $g->new_user;
my @more = map { again($user) } 1 .. 3;
my $res = $g->call(GET => '/v1/users/me/sessions', as => $user);
is_status($res, 200, 'a user lists the sessions');
is($res->header('Cache-Control'), 'no-store', '... not to be kept');
my @items = @{$res->get('items')};
is(ids(@items), join(' ', reverse map { sid($_) } $user, @more),
    '... newest first');
is(members($items[0]), 'createdAt current expiresAt refreshedAt sessionId',
    '... without anything secret');
is(join(' ', map { $_->{sessionId} } grep { $_->{current} } @items),
    sid($user), '... and knows which is this one');
@items = $g->list('/v1/users/me/sessions?limit=1', as => $user);
is(scalar @items, 4, '... page by page, too');
my @seen = $g->list("/v1/users/$user->{userId}/sessions", as => 'ADMIN');
is(ids(@seen), ids(@items), 'an administrator sees the same');
is(scalar(grep { $_->{current} } @seen), 0, '... none of them is his');
is(ids($g->list("/v1/users/$user->{userId}/sessions", on => 'auth',
    basic => 1)), ids(@items), '... and a service');

# One of them.
is_status($g->call(DELETE => '/v1/users/me/sessions/' . sid($more[0]),
    as => $user), 204, 'a user ends one session');
is(told($more[0]), GONE, '... its access token is refused at once');
is(refresh($more[0]), '401 INVALID_GRANT', '... and its refresh token');
is(told($_), '200', '... but no other') for $user, $more[1];
is_status($g->call(DELETE => '/v1/users/me/sessions/' . sid($more[0]),
    as => $user), 204, '... again: it has ended');
is(scalar $g->list('/v1/users/me/sessions', as => $user), 3,
    '... and is not listed');
my $other = $g->new_user;
for my $path ('/v1/users/me/sessions/' . sid($other),
    '/v1/users/me/sessions/se_00000000000000000000000000',
    '/v1/users/me/sessions/nonsense') {
	is_problem($g->call(DELETE => $path, as => $user), 404, 'NOT_FOUND',
	    "DELETE $path");
}
is(told($other), '200', "somebody else's session lives on");

# By an administrator.
is_problem($g->call(DELETE => "/v1/users/$other->{userId}/sessions/" .
    sid($user), as => 'ADMIN'), 404, 'NOT_FOUND',
    "an administrator: a session of another user than the path's");
is_status($g->call(DELETE => "/v1/users/$user->{userId}/sessions/" .
    sid($more[1]), as => 'ADMIN'), 204, '... ends one');
is(told($more[1]), GONE, '... at once');
is(told($user), '200', '... and no other');
is_status($g->call(DELETE => "/v1/users/$user->{userId}/sessions",
    as => 'ADMIN'), 204, '... ends all');
is(told($_), GONE, '... at once') for $user, $more[2];

# Everywhere, and everywhere else.
$g->log_in($user);
@more = map { again($user) } 1, 2;
has_fault($g->call(DELETE => '/v1/users/me/sessions?keep=all', as => $user),
    '?keep', 'what can be kept is the current one');
is_status($g->call(DELETE => '/v1/users/me/sessions?keep=current',
    as => $user), 204, 'log out everywhere else');
is(told($user), '200', '... this session stays');
is(told($_), GONE, '... the others end') for @more;
is(refresh($user), '200', '... and it still refreshes');
@more = map { again($user) } 1, 2;
is_status($g->call(DELETE => '/v1/users/me/sessions', as => $user), 204,
    'log out everywhere');
is(told($_), GONE, '... all end') for $user, @more;

# The password.
$g->log_in($user);
my $elsewhere = again($user);
sub change {
	my ($as, $current, $new) = @_;

	return $g->call(PUT => '/v1/users/me/password', as => $as, json => {
	    currentPassword => $current, newPassword => $new});
}
my $new = 'another good password';
is_problem(change($user, 'a wrong password', $new), 403, 'WRONG_PASSWORD',
    'a new password wants the current one');
has_fault(change($user, $user->{password}, 'short'), '/newPassword',
    '... and a good new one');
is(told($elsewhere), '200', '... before that nothing ends');
is_status(change($user, $user->{password}, $new), 204, 'a new password');
is(told($elsewhere), GONE, '... ends the other sessions at once');
is(refresh($elsewhere), '401 INVALID_GRANT', '... with their refresh tokens');
is(told($user), '200', '... but not this one');
is(refresh($user), '200', '... which still refreshes');
is_problem($g->call(POST => '/v1/auth/login', json => {email =>
    $user->{email}, password => $user->{password}}), 401,
    'INVALID_CREDENTIALS', 'the old password is no good');
$user->{password} = $new;
is(told($g->log_in($user)), '200', '... the new one is');

# Logins with the old password while it changes: none of them lasts.
for my $round (1 .. 5) {
	my $next = "password number $round";
	my @answers = http_all((map { $g->request(POST => '/v1/auth/login',
	    json => {map { $_ => $user->{$_} } qw(email password)}) } 1 .. 4),
	    $g->request(PUT => '/v1/users/me/password', as => $user, json => {
	    currentPassword => $user->{password}, newPassword => $next}),
	    (map { $g->request(POST => '/v1/auth/login',
	    json => {map { $_ => $user->{$_} } qw(email password)}) } 1 .. 4));
	my @tokens = map { $_->get('accessToken') } grep { $_->status == 200 }
	    @answers;
	is(join(' ', grep { $_ ne GONE } map { told($_) } @tokens), '',
	    "round $round: no session of " . @tokens .
	    ' begun with the old password is left');
	$user->{password} = $next;
	$g->log_in($user);
}

done_testing;
