#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# The second factor: set up by staff, asked for at login after the right
# password only; a code is good once, and guesses are few; lost and removed;
# and required of staff where the configuration says so.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Digest::SHA qw(hmac_sha1);
use Test::More;
use Guerdon::Assert;
use Guerdon::Http qw(http_all);
use Guerdon::Mongo;
use Guerdon::Stack;

my $g = Guerdon::Stack->new(workers => 4);
my $m = Guerdon::Mongo->new($g);
my $path = '/v1/users/me/factor';

sub from_base32 {
	my $bits = join '', map { sprintf '%05b', index
	    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', $_ } split //, $_[0];
	return pack 'B*', $bits;
}

# The code of a time step: now, or so many steps on.
sub code {
	my ($user, $on) = @_;
	my $mac = hmac_sha1(pack('Q>', int(time / 30) + ($on // 0)),
	    from_base32($user->{secret}));
	my $at = ord(substr $mac, -1) & 15;

	return sprintf '%06d', (unpack('N', substr $mac, $at, 4) &
	    0x7fffffff) % 1_000_000;
}

sub login {
	my ($user, $code, %o) = @_;
	return $g->request(POST => '/v1/auth/login', json => {email =>
	    $user->{email}, password => $user->{password},
	    defined $code ? (code => $code) : (), %o});
}
sub try_login { return Guerdon::Http::http(login(@_)) }
sub stored { return ($m->find('users', [_id => $_[0]{userId}]))[0] }

# As if the time step in use had not come yet, and nobody had tried.
sub forget {
	my ($user) = @_;
	$m->command(update => 'users', updates => \[[q => [_id =>
	    $user->{userId}], u => ['$set' => ['factor.step' => 0,
	    'factor.tries' => 0]]]]);
}

sub begin {
	my ($user, $stack) = @_;
	my $res = ($stack // $g)->call(POST => $path, as => $user,
	    json => {password => $user->{password}});
	$user->{secret} = $res->get('secret') // $user->{secret};
	return $res;
}
sub confirm {
	my ($user, $code, $stack) = @_;
	return ($stack // $g)->call(POST => "$path/confirmation", as => $user,
	    json => {code => $code});
}

# Set up.
my $user = $g->new_user('OPERATOR');
is_problem(begin($g->person('USER')), 403, 'INSUFFICIENT_ROLE',
    'a second factor is for staff');
my $res = $g->call(GET => $path, as => $user);
is_status($res, 200, 'nobody has one at first');
is($res->get('confirmedAt'), undef, '... unconfirmed');
ok(!$res->get('required'), '... nor need one');
is_problem($g->call(POST => $path, as => $user, json => {password =>
    'not the password'}), 403, 'WRONG_PASSWORD', 'it wants the password');
is_problem(confirm($user, '123456'), 404, 'NOT_FOUND',
    'what was not begun can not be confirmed');
$res = begin($user);
is_status($res, 201, 'it is begun');
is($res->header('Cache-Control'), 'no-store', '... not to be kept');
like($res->get('secret'), qr/^[A-Z2-7]{32}$/, '... with a secret');
is($res->get('uri'), 'otpauth://totp/Guerdon:' . ($user->{email} =~
    s/\@/%40/r) . "?secret=$user->{secret}&issuer=Guerdon", '... and a URI');
is_status(try_login($user), 200, '... and does not count yet');
my $first = $user->{secret};
is_status(begin($user), 201, '... it is begun anew');
isnt($user->{secret}, $first, '... with another secret');
is_problem(confirm($user, code({secret => $first})), 403, 'WRONG_CODE',
    "... the first one's code is wrong");
has_fault(confirm($user, '12345a'), '/code', 'a code is six digits');
my $other = $g->log_in({%$user});
my $shown = code($user);
$res = confirm($user, $shown);
is_status($res, 200, 'it is confirmed');
is($res->header('Cache-Control'), 'no-store', '... not to be kept');
my @recovery = @{$res->get('recoveryCodes')};
is(scalar @recovery, 10, '... with ten recovery codes');
is($g->call(GET => '/v1/users/me', as => $user)->status, 200,
    '... this session goes on');
is($g->call(GET => '/v1/users/me', as => $other)->brief, '401 INVALID_TOKEN',
    '... one that a password alone had begun does not');
is_problem(confirm($user, code($user)), 409, 'FACTOR_EXISTS', '... once');
is_problem(begin($user), 409, 'FACTOR_EXISTS', '... and not begun anew');
$res = $g->call(GET => $path, as => $user);
like($res->get('confirmedAt'), qr/^20/, '... and is seen');
is($res->get('recoveryCodesLeft'), 10, '... with its recovery codes');

# The login.
is_problem(try_login($user), 401, 'SECOND_FACTOR_REQUIRED', 'a code is needed');
is_problem(try_login($user, undef, password => 'not the password'), 401,
    'INVALID_CREDENTIALS', '... which only who has the password is told');
is_problem(try_login($user, code($user, 1), password => 'not the password'),
    401, 'INVALID_CREDENTIALS', '... with a code, too');
is_problem(try_login($user, $shown), 401, 'SECOND_FACTOR_REQUIRED',
    'the code that confirmed it is used up');
my $next = code($user, 1);
is_status(try_login($user, $next), 200, 'a code logs in');
is_problem(try_login($user, $next), 401, 'SECOND_FACTOR_REQUIRED',
    '... once');
is_problem(try_login($user, code($user, -1)), 401, 'SECOND_FACTOR_REQUIRED',
    '... and an older one is over');
for my $round (1 .. 3) {
	forget($user);
	my $code = code($user);
	my @answers = http_all(map { login($user, $code) } 1 .. 8);
	is(scalar(grep { $_->status == 200 } @answers), 1,
	    "round $round: of eight with one code one gets in");
}

# Recovery codes.
is_status(try_login($user, $recovery[0]), 200, 'a recovery code logs in');
is_problem(try_login($user, $recovery[0]), 401, 'SECOND_FACTOR_REQUIRED',
    '... once');
is_status(try_login($user, lc $recovery[1] =~ s/-//gr), 200,
    '... also in small letters, without dashes');
my @answers = http_all(map { login($user, $recovery[2]) } 1 .. 8);
is(scalar(grep { $_->status == 200 } @answers), 1,
    '... of eight at once one gets in');
is($g->call(GET => $path, as => $user)->get('recoveryCodesLeft'), 7,
    '... and seven are left');

# What the database holds of it is no use, and no log has it.
my $all = join "\0", map { ref eq 'ARRAY' ? @$_ : $_ // () }
    values %{stored($user)->{factor}};
for my $secret (from_base32($user->{secret}), $user->{secret}, @recovery,
    map { s/-//gr } @recovery) {
	ok(index($all, $secret) < 0, 'the database does not hold it');
}
my $logs = join '', map { Guerdon::Stack::slurp($_) }
    glob "$g->{home}/log/*.log";
is(scalar(grep { index($logs, $_) >= 0 } $user->{secret}, @recovery), 0,
    '... nor does a log');

# Guesses: ten, then they wait; the right code waits, too.
forget($user);
@answers = http_all(map { login($user, sprintf 'XXXX-XXXX-XXXX-%04d', $_) }
    1 .. 14);
is(join(' ', sort map { $_->status } @answers), join(' ', (401) x 10,
    (429) x 4), 'ten guesses, also at once; then 429');
is_problem(try_login($user, code($user)), 429, 'RATE_LIMITED',
    '... for the right one as well');
is_problem(try_login($user), 401, 'SECOND_FACTOR_REQUIRED',
    '... to ask without a code is no guess');
forget($user);

# Removed, by its user and by an administrator.
my %remove = (password => $user->{password});
is_problem($g->call(DELETE => $path, as => $user, json => {%remove,
    code => '000000'}), 403, 'WRONG_CODE', 'to remove it takes a code');
is_problem($g->call(DELETE => $path, as => $user, json => {password =>
    'not the password', code => $recovery[3]}), 403, 'WRONG_PASSWORD',
    '... and the password');
is_status($g->call(DELETE => $path, as => $user, json => {%remove,
    code => $recovery[3]}), 204, 'it is removed');
is_status(try_login($user), 200, '... and no code asked for');
is_problem($g->call(DELETE => $path, as => $user, json => {%remove,
    code => $recovery[4]}), 404, 'NOT_FOUND', '... once');
begin($user);
is_status(confirm($user, code($user)), 200, 'set up again');
is_problem(try_login($user, $recovery[5]), 401, 'SECOND_FACTOR_REQUIRED',
    '... the old recovery codes are no good');
is_status($g->call(DELETE => "/v1/users/$user->{userId}/factor",
    as => 'ADMIN'), 204, 'an administrator takes it away');
is($g->call(GET => '/v1/users/me', as => $user)->brief, '401 INVALID_TOKEN',
    '... and the sessions end');
is_status(try_login($user), 200, '... the password is enough');

# Required.
my $strict = Guerdon::Stack->new(conf => {require_totp => 'on'}, db => $g->{db},
    uri => $g->{uri}, start => 0);
$strict->{own_db} = 0;
$strict->start;
my $plain = $strict->new_user('USER');
is($plain->{role}, 'USER', 'required: users need none');
my $admin = {email => $strict->{demo}{ADMIN_EMAIL},
    password => $strict->{demo}{ADMIN_PASSWORD}};
$strict->log_in($admin);
is($admin->{role}, 'ENROL', '... an administrator must set it up');
is_problem($strict->call(GET => $_, as => $admin), 403, 'INSUFFICIENT_ROLE',
    "... and may not GET $_") for '/v1/users', '/v1/users/me', '/v1/events',
    '/v1/audit', '/v1/users/me/sessions';
ok($strict->call(GET => $path, as => $admin)->get('required'),
    '... but see that it is required');
is_status(begin($admin, $strict), 201, '... begin');
is_status(confirm($admin, code($admin), $strict), 200, '... and confirm');
is_status($strict->call(GET => '/v1/users', as => $admin), 200,
    '... and is one from the next request on');
is_problem($strict->call(DELETE => $path, as => $admin, json => {password =>
    $admin->{password}, code => code($admin, 1)}), 409, 'FACTOR_REQUIRED',
    '... who can not remove it');
$res = $strict->call(POST => '/v1/auth/login', json => {map { $_ =>
    $admin->{$_} } qw(email password)});
is_problem($res, 401, 'SECOND_FACTOR_REQUIRED', '... and needs a code');
$res = $strict->call(POST => '/v1/auth/login', json => {code =>
    code($admin, 1), map { $_ => $admin->{$_} } qw(email password)});
is($res->get('role'), 'ADMIN', '... with which the role is back');
is_status($strict->call(PATCH => "/v1/users/$plain->{userId}", as => $admin,
    json => {role => 'AUDITOR'}), 200, 'who becomes staff');
is_problem($strict->call(GET => '/v1/audit', as => $plain), 403,
    'INSUFFICIENT_ROLE', '... must set it up first, at once');
is_status(begin($plain, $strict), 201, '... and can');

done_testing;
