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
use Guerdon::Proxy;
use Guerdon::Stack;

my $g = Guerdon::Stack->new(conf => {access_token_ttl => 3600});
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
	    qw(users emails sessions guards claims audit activities progress
	    tries attributes idempotency);
}
sub report {
	my ($who, @list) = @_;

	return $g->call(POST => '/v1/activities', as => 'OPERATOR', json =>
	    {activities => [map { {activityId => "$_-$who->{userId}",
	    userId => $who->{userId}, metric => 'visits'} } @list]});
}
sub set_level {
	my ($who, $country) = @_;

	return $g->call(PUT => "/v1/users/$who->{userId}/attributes",
	    as => 'OPERATOR', json => {attributes => {country => $country}});
}

# What is there of somebody in the event service but claims and audit.
sub facts {
	my ($who) = @_;
	my $id = $who->{userId};

	return join ' ', grep { $_ } map { my ($name, @filter) = @$_;
	    $m->count($name, \@filter) ? $name : '' }
	    ['activities', userId => $id], ['progress', userId => $id],
	    ['attributes', _id => $id], ['idempotency', users => $id],
	    ['tries', 'activities.userId' => $id];
}

my $user = $g->new_user('USER', email => 'Gone.Soon@example.org',
    name => 'Augusta Ada');
my $event = $g->new_event(conditions => {attribute => 'country',
    op => 'EQ', value => 'Ruritania'});
is_status(report($user, 1 .. 30), 200, 'activities are reported');
is_status(set_level($user, 'Ruritania'), 200, '... and attributes');
my $claim = $g->claim($event, $user, headers => ['Idempotency-Key', 'mine']);
is_status($claim, 201, 'a user claims');
$g->audit("userId=$user->{userId}", 1);

# The export.
my $ended = $g->log_in({%$user});
$g->call(POST => '/v1/auth/logout', as => $ended);
my $res = $g->call(GET => '/v1/users/me/export', as => $user);
is_status($res, 200, 'an export');
is($res->header('Cache-Control'), 'no-store', '... not to be kept');
is(scalar @{$res->get('items')}, 20, '... a page of it');
my %held;
my @held = $g->list('/v1/users/me/export?limit=7', as => $user);
push @{$held{$_->{kind}}}, $_ for @held;
is(join(' ', map { "$_ @{[scalar @{$held{$_}}]}" } sort keys %held),
    'ACTIVITY 30 ATTRIBUTES 1 AUDIT 1 CLAIM 1 KEPT_ANSWER 1 PROGRESS 1 ' .
    'SESSION 2 USER 1', '... of all that is held, each once');
is_deeply([$g->list('/v1/users/me/export?limit=100', as => $user)], \@held,
    '... whatever the size of a page');
is_deeply($held{USER}[0]{user}, $g->call(GET => '/v1/users/me',
    as => $user)->json, '... the user');
my @sessions = map { $_->{session} } @{$held{SESSION}};
is(join(' ', map { defined $_->{endedAt} ? 1 : 0 } @sessions), '1 0',
    '... ended sessions too');
is(members($sessions[0]), 'createdAt endedAt expiresAt refreshedAt sessionId',
    '... and nothing secret of them');
is($held{CLAIM}[0]{record}{_id}, $claim->get('claimId'), '... the claim');
is($held{CLAIM}[0]{record}{snapshot}{verdict}{facts}{attributes}{country},
    'Ruritania', '... with the facts that it was judged by');
is($held{AUDIT}[0]{record}{userId}, $user->{userId}, '... the record of it');
is($held{ATTRIBUTES}[0]{record}{attributes}{country}, 'Ruritania',
    '... the attributes');
is($held{PROGRESS}[0]{record}{sum}, 30, '... the sum of the activities');
my $stranger = $g->new_user;
is(join(' ', map { $_->{kind} } $g->list('/v1/users/me/export',
    as => $stranger)), 'USER SESSION', "... nobody sees another's");
is_problem($g->call(GET => '/v1/users/me/export?limit=7&cursor=' .
    $g->call(GET => '/v1/users/me/export?limit=7', as => $user)->get('next'),
    as => $stranger), 400, 'INVALID_CURSOR', '... nor by a cursor');

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
is(facts($user), '', 'what servers have told is gone');
for my $what ($user->{email}, lc $user->{email}, $user->{name},
    (split /\./, $user->{refresh})[0], (split /\./, $other->{refresh})[0]) {
	unlike($held, qr/\Q$what\E/, "nothing holds $what any more");
}
is_problem($g->call(GET => "/v1/users/$user->{userId}", as => 'ADMIN'), 404,
    'NOT_FOUND', 'there is no such user');
$res = $g->call(GET => '/v1/claims/' . $claim->get('claimId'),
    as => 'AUDITOR');
is($res->get('userId'), $user->{userId}, 'the claim stays, under the id');
is_deeply($res->get('snapshot')->{verdict}{facts}, {},
    '... without the facts that it was judged by');
my ($told, $status) = $g->guerdon('explain', $claim->get('claimId'));
is($status, 0, '... and guerdon explain');
like($told, qr/were satisfied; its user is erased/, '... says so');
is_deeply(report($user, 99)->get('rejected'),
    [{index => 0, code => 'INVALID_USER'}], 'no activity is taken any more');
is_problem(set_level($user, 'Ruritania'), 404, 'NOT_FOUND',
    '... and no attribute');
is(facts($user), '', '... and none is there');
is(scalar $g->list("/v1/audit?userId=$user->{userId}", as => 'AUDITOR'), 1,
    '... and the audit');
my $heir = $g->new_user('USER', email => $user->{email});
isnt($heir->{userId}, $user->{userId}, 'the address is free again, at once');
is_problem($g->claim($event, $heir), 409, 'NOT_ELIGIBLE',
    '... for somebody new, who inherits nothing');

# By an administrator, and by a service.
is_status($g->call(DELETE => "/v1/users/$heir->{userId}", as => 'ADMIN'), 204,
    'an administrator erases a user');
is(me($heir), '401 INVALID_TOKEN', '... at once');
is_problem($g->call(DELETE => "/v1/users/$heir->{userId}", as => 'ADMIN'), 404,
    'NOT_FOUND', '... once');
my $staff = $g->call(POST => '/v1/staff', as => 'ADMIN', json => {role =>
    'AUDITOR', email => 'kept@example.org', name => 'Kept', password =>
    'correct horse battery'}, headers => ['Idempotency-Key', 'staff']);
like(held(), qr/kept\@example/, 'a kept answer holds an address');
is_status($g->call(DELETE => '/v1/users/' . $staff->get('userId'),
    on => 'auth', basic => 1), 204, 'a service erases staff');
unlike(held(), qr/kept\@example/, '... and the kept answer goes, too');

# The last administrator.
my $admin = $g->person('ADMIN');
is_problem(remove_me($admin), 409, 'LAST_ADMIN', 'the last administrator stays');
is_problem($g->call(DELETE => "/v1/users/$admin->{userId}", as => $admin), 409,
    'LAST_ADMIN', '... also by his id');
is(me($admin), '200', '... and signed in');
my $second = $g->new_user('ADMIN');
is_status(remove_me($second), 204, 'one of two may go');
is_problem(remove_me($admin), 409, 'LAST_ADMIN', '... and then none');
is($m->count('erasures', [_id => $admin->{userId}]), 0,
    '... nor will the sweep');

# Cut off in the middle: behind each write, the worker is killed while it
# waits for the answer.
sub due { $m->update('erasures', [_id => $_[0]{userId}],
    ['$set' => [next => \1]]) }
sub sweep {
	my ($out, $code) = $g->guerdon('sweep');

	is($code, 0, '... guerdon sweep') or diag($out);
}
my $proxy = Guerdon::Proxy->new($g->{uri});
my $far = Guerdon::Stack->new(db => $g->{db}, workers => 1,
    uri => "$proxy->{uri}?socketTimeoutMS=60000",
    conf => {keys => "$g->{home}/keys"});
for my $case (['insert', 'erasures'], ['delete', 'users'],
    ['delete', 'sessions'], ['update', 'tries'], ['delete', 'activities'],
    ['delete', 'attributes'], ['update', 'claims']) {
	my ($verb, $collection) = @$case;
	my $one = $g->new_user;

	report($one, 1 .. 3);
	set_level($one, 'Ruritania');
	$proxy->hold(step => 'answer', $verb, $collection, $one->{userId});
	my $child = fork // die;
	if ($child == 0) {
		$far->call(DELETE => "/v1/users/$one->{userId}",
		    on => 'auth', basic => 1);
		POSIX::_exit(0);
	}
	my $port;
	$g->wait_for(sub { defined($port = $proxy->held('step')) }, 10);
	ok($port, "$verb $collection is held") or last;
	kill 'KILL', Guerdon::Proxy::owner($port, $far->workers('auth'));
	$proxy->release('step');
	waitpid $child, 0;
	isnt(facts($one) . $m->count('users', [_id => $one->{userId}]) .
	    $m->count('sessions', [userId => $one->{userId}]), '',
	    "killed behind $verb $collection");
	my ($mark) = $m->find('erasures', [_id => $one->{userId}]);
	is(($mark->{next} // 0) - $mark->{at}, 30_000,
	    '... is marked, and due in half a minute');
	due($one);
	sweep();
	is(facts($one), '', '... nothing is left');
	is($m->count('users', [_id => $one->{userId}]), 0, '... no user');
	is($m->count('sessions', [userId => $one->{userId}]), 0,
	    '... no session');
	is(me($one), '401 INVALID_TOKEN', '... and the token is worth nothing');
}

# A batch that is under way while its user is erased.
my $late = $g->new_user;
$proxy->hold(batch => 'ask', 'insert', 'activities', $late->{userId});
my $child = fork // die;
if ($child == 0) {
	$far->call(POST => '/v1/activities', on => 'event', basic => 1,
	    json => {activities => [{activityId => 'late', metric => 'visits',
	    userId => $late->{userId}}]});
	POSIX::_exit(0);
}
$g->wait_for(sub { defined $proxy->held('batch') }, 10);
is_status(remove_me($late), 204, 'a user is erased while a batch is recorded');
$proxy->release('batch');
waitpid $child, 0;
$g->wait_for(sub { facts($late) ne '' }, 5);
is(facts($late), 'activities', '... which comes late');
sweep();
is(facts($late), 'activities', '... a mark that is young is left alone');
due($late);
sweep();
is(facts($late), '', '... and then nothing is left');
my ($mark) = $m->find('erasures', [_id => $late->{userId}]);
cmp_ok($mark->{next}, '>', $mark->{at} + 59_000, '... it is looked at again');
$m->update('erasures', [_id => $late->{userId}],
    ['$set' => [at => \1, next => \1]]);
sweep();
($mark) = $m->find('erasures', [_id => $late->{userId}]);
ok($mark && !exists $mark->{next}, '... and no more after a day');

done_testing;
