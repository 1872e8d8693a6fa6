#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# The end of an account, by its user or by an administrator: nothing personal
# is left, claims stay under the id, the address is free, and the last
# administrator stays.  Before that, an export of what is held.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Mongo;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $m = Guerdon::Mongo->new($g);

sub me { return $g->call(GET => '/v1/users/me', as => $_[0])->brief }
sub remove_me { return $g->call(DELETE => '/v1/users/me', as => $_[0],
    json => {password => $_[1] // $_[0]{password}}) }
sub flat {
	my ($d) = @_;
	return ref $d eq 'HASH' ? map { ($_, flat($d->{$_})) } keys %$d :
	    ref $d eq 'ARRAY' ? map { flat($_) } @$d : $d // ();
}
sub held {
	return join "\0", map { flat($_) } map { $m->find($_, []) }
	    qw(users emails sessions guards claims audit);
}

my $user = $g->new_user('USER', email => 'Gone.Soon@example.org',
    name => 'Augusta Ada');
my $event = $g->new_event;
my $claim = $g->claim($event, $user);
is_status($claim, 201, 'a user claims');
$g->audit("userId=$user->{userId}", 1);

# The export.
my $ended = $g->log_in({%$user});
$g->call(POST => '/v1/auth/logout', as => $ended);
my $res = $g->call(GET => '/v1/users/me/export', as => $user);
is_status($res, 200, 'an export');
is($res->header('Cache-Control'), 'no-store', '... not to be kept');
is_deeply($res->get('user'), $g->call(GET => '/v1/users/me',
    as => $user)->json, '... has the user');
my @sessions = @{$res->get('sessions')};
is(scalar @sessions, 2, '... the sessions');
is(join(' ', map { defined $_->{endedAt} ? 1 : 0 } @sessions), '1 0',
    '... ended ones too');
is(members($sessions[0]), 'createdAt endedAt expiresAt refreshedAt sessionId',
    '... and nothing secret');
my %list = map { $_ => [$g->list($_, as => $user)] } @{$res->get('elsewhere')};
is(join(' ', sort keys %list), '/v1/users/me/audit /v1/users/me/claims',
    '... the claims and the audit');
is($list{'/v1/users/me/claims'}[0]{claimId}, $claim->get('claimId'),
    '... the claim is there');
is($list{'/v1/users/me/audit'}[0]{userId}, $user->{userId},
    '... and the record of it');
is(scalar $g->list('/v1/users/me/audit', as => $g->new_user), 0,
    "... nobody sees another's");

# By the user.
is_problem(remove_me($user, 'a wrong password'), 403, 'WRONG_PASSWORD',
    'the end wants the password');
has_fault($g->call(DELETE => '/v1/users/me', as => $user, json => {}),
    '/password', '... in the body');
is(me($user), '200', '... and nothing has happened');
my $other = $g->log_in({%$user});
like(held(), qr/gone\.soon/, 'the address is held');
is_status(remove_me($user), 204, 'a user is erased');
is(me($_), '401 INVALID_TOKEN', '... every token is refused at once')
    for $user, $other;
is_problem($g->call(POST => '/v1/auth/refresh', json => {refreshToken =>
    $other->{refresh}}), 401, 'INVALID_GRANT', '... and every refresh token');
my $held = held();
for my $what ($user->{email}, lc $user->{email}, $user->{name},
    (split /\./, $user->{refresh})[0], (split /\./, $other->{refresh})[0]) {
	unlike($held, qr/\Q$what\E/, "nothing holds $what any more");
}
is_problem($g->call(GET => "/v1/users/$user->{userId}", as => 'ADMIN'), 404,
    'NOT_FOUND', 'there is no such user');
$res = $g->call(GET => '/v1/claims/' . $claim->get('claimId'),
    as => 'AUDITOR');
is($res->get('userId'), $user->{userId}, 'the claim stays, under the id');
is(scalar $g->list("/v1/audit?userId=$user->{userId}", as => 'AUDITOR'), 1,
    '... and the audit');
my $heir = $g->new_user('USER', email => $user->{email});
isnt($heir->{userId}, $user->{userId}, 'the address is free again, at once');
is_status($g->claim($event, $heir), 201, '... for somebody new');

# By an administrator, and by a service.
is_status($g->call(DELETE => "/v1/users/$heir->{userId}", as => 'ADMIN'), 204,
    'an administrator erases a user');
is(me($heir), '401 INVALID_TOKEN', '... at once');
is_problem($g->call(DELETE => "/v1/users/$heir->{userId}", as => 'ADMIN'), 404,
    'NOT_FOUND', '... once');
is_status($g->call(DELETE => '/v1/users/' . $g->new_user('AUDITOR')->{userId},
    on => 'auth', basic => 1), 204, 'a service does');

# The last administrator.
my $admin = $g->person('ADMIN');
is_problem(remove_me($admin), 409, 'LAST_ADMIN', 'the last administrator stays');
is_problem($g->call(DELETE => "/v1/users/$admin->{userId}", as => $admin), 409,
    'LAST_ADMIN', '... also by his id');
is(me($admin), '200', '... and signed in');
my $second = $g->new_user('ADMIN');
is_status(remove_me($second), 204, 'one of two may go');
is_problem(remove_me($admin), 409, 'LAST_ADMIN', '... and then none');

done_testing;
