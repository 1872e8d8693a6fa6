#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Users for administrators: staff, lists with filters and cursors, reading and
# changing one, and the last administrator.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $admin = $g->person('ADMIN');

sub patch {
	my ($user, $change, %o) = @_;

	return $g->call(PATCH => '/v1/users/' .
	    (ref $user ? $user->{userId} : $user), as => 'ADMIN',
	    json => $change, %o);
}

# Staff.
my $serial = 0;
sub staff {
	return $g->call(POST => '/v1/staff', as => 'ADMIN', json => {
	    email => 'staff' . ++$serial . '@example.org', name => 'S',
	    password => 'correct horse battery', @_});
}
for my $role (qw(ADMIN AUDITOR OPERATOR)) {
	my $res = staff(role => $role);
	is_status($res, 201, "staff: $role");
	is($res->get('role'), $role, '... has the role');
	is(members($res), 'createdAt email name role status userId',
	    '... a User and no more');
	is($res->header('Location'), '/v1/users/' . $res->get('userId'),
	    '... at Location');
}
has_fault(staff(role => 'USER'), '/role', 'staff is no USER');
has_fault(staff(role => 'SERVICE'), '/role', '... and no SERVICE');
has_fault(staff(), '/role', '... and has a role');
has_fault(staff(role => 'AUDITOR', status => 'DISABLED'), '/status',
    '... and begins ACTIVE');
is_problem(staff(role => 'AUDITOR', email => uc $admin->{email}), 409,
    'EMAIL_TAKEN', 'staff shares the addresses of users');

# Lists.
my @users = map { $g->new_user } 1 .. 7;
patch($users[$_], {status => 'DISABLED'}) for 0, 1;
my @all = $g->list('/v1/users?limit=3', as => 'ADMIN');
my @ids = map { $_->{userId} } @all;
is_deeply(\@ids, [sort { $b cmp $a } @ids], 'a list is newest first');
is(scalar(@ids), keys %{{map { $_ => 1 } @ids}}, '... nobody twice');
is(scalar(grep { my $u = $_->{userId}; grep { $_ eq $u } @ids } @users), 7,
    '... nobody missed');
is_deeply([grep { members($_) ne 'createdAt email name role status userId' }
    @all], [], '... each a User and no more');
for my $filter ('role=USER', 'role=ADMIN', 'status=DISABLED',
    'status=ACTIVE&role=USER', 'role=AUDITOR&status=DISABLED') {
	my %want = map { split /=/ } split /&/, $filter;
	my @want = grep { my $u = $_; !grep { $u->{$_} ne $want{$_} }
	    keys %want } @all;
	is_deeply([map { $_->{userId} } $g->list("/v1/users?$filter&limit=2",
	    as => 'ADMIN')], [map { $_->{userId} } @want], "filter $filter");
}
my $page = $g->call(GET => '/v1/users?limit=2&role=USER', as => 'ADMIN');
is(scalar @{$page->get('items')}, 2, 'a page of two');
my $next = $page->get('next');
like($page->header('Link'), qr{^</v1/users\?[^>]*cursor=\Q$next\E>; rel="next"$},
    '... has a Link to the next');
my ($link) = $page->header('Link') =~ /<([^>]+)>/;
is_deeply($g->call(GET => $link, as => 'ADMIN')->json, $g->call(GET =>
    "/v1/users?limit=2&role=USER&cursor=$next", as => 'ADMIN')->json,
    '... that leads where next leads');
is($g->call(GET => '/v1/users?limit=100', as => 'ADMIN')->header('Link'),
    undef, 'the last page has none');
is_problem($g->call(GET => "/v1/users?role=ADMIN&cursor=$next", as => 'ADMIN'),
    400, 'INVALID_CURSOR', 'a cursor of another filter');
is_problem($g->call(GET => "/v1/events?cursor=$next", as => 'ADMIN'), 400,
    'INVALID_CURSOR', 'a cursor of another list');
has_fault($g->call(GET => '/v1/users?role=SERVICE', as => 'ADMIN'), '?role',
    'no such role');

# One user.
my $user = $users[3];
my $res = $g->call(GET => "/v1/users/$user->{userId}", as => 'ADMIN');
is($res->get('email'), $user->{email}, 'a user is read');
is_deeply($g->call(GET => '/v1/users/me', as => $user)->json, $res->json,
    '... and sees the same');
is_deeply($g->call(GET => "/internal/users/$user->{userId}", on => 'auth',
    basic => 1)->json, $res->json, '... as does another server');
my $was = $res->json;
$res = patch($user, {role => 'AUDITOR'});
is_status($res, 200, 'a role is changed');
is_deeply($res->json, {%$was, role => 'AUDITOR'}, '... and nothing else');
$res = patch($user, {role => 'USER', status => 'DISABLED'});
is($res->get('role') . $res->get('status'), 'USERDISABLED', 'both at once');
is_status(patch($user, {status => 'DISABLED'}), 200, 'what is so already');
is_status(patch($user, {status => 'ACTIVE'}, headers => ['If-Match', '"x"']),
    200, 'no If-Match is looked at');
has_fault(patch($user, {}), '', 'nothing to change');
for my $case (['role', 'SERVICE'], ['role', 'PUBLIC'], ['role', undef],
    ['role', 'admin'], ['status', 'GONE'], ['status', undef], ['email', 'x@y.zz'],
    ['name', 'N'], ['password', 'correct horse battery'], ['userId', 'x'],
    ['version', 1], ['passwordHash', 'x']) {
	my ($member, $value) = @$case;
	has_fault(patch($user, {$member => $value}), "/$member",
	    "$member: " . ($value // 'null'));
}
is_problem(patch('us_00000000000000000000000000', {role => 'USER'}), 404,
    'NOT_FOUND', 'nobody to change');
is_problem(patch('nonsense', {role => 'USER'}), 404, 'NOT_FOUND',
    'no id at all');

# The last administrator.  The one made above has to go first.
my ($second) = grep { $_->{userId} ne $admin->{userId} }
    $g->list('/v1/users?role=ADMIN', as => 'ADMIN');
is_status(patch($second, {status => 'DISABLED'}), 200, 'a second one may go');
for my $change ({role => 'USER'}, {status => 'DISABLED'},
    {role => 'OPERATOR', status => 'ACTIVE'}) {
	is_problem(patch($admin, $change), 409, 'LAST_ADMIN',
	    'the last active administrator stays: ' . join ' ', %$change);
}
is_status(patch($admin, {role => 'ADMIN', status => 'ACTIVE'}), 200,
    '... as he is');
is_status($g->call(GET => '/v1/users', as => 'ADMIN'), 200, '... and works');
is_problem($g->call(PATCH => "/v1/users/$admin->{userId}", on => 'auth',
    basic => 1, json => {role => 'USER'}), 409, 'LAST_ADMIN',
    '... for the service too');
is_status(patch($second, {status => 'ACTIVE'}), 200, 'with a second one');
is_status(patch($admin, {role => 'USER'}), 200, '... he may go');
is_problem($g->call(PATCH => "/v1/users/$second->{userId}", on => 'auth',
    basic => 1, json => {role => 'USER'}), 409, 'LAST_ADMIN',
    '... and then the second one stays');

done_testing;
