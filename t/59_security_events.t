#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Security events: each code of shared/security.h is made to happen through
# lighttpd, and is one line of the logs with code, flag, trace, client and
# user, and with no secret; SECURITY.md explains them all.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Digest::SHA qw(hmac_sha1);
use Test::More;
use Guerdon::Assert;
use Guerdon::Fcgi qw(fcgi_call);
use Guerdon::Http qw(http_all);
use Guerdon::Proxy;
use Guerdon::Stack;

my $wide = '1000000/86400';
my $prepared = Guerdon::Stack->new(start => 0);
my $proxy = Guerdon::Proxy->new($prepared->{uri});
my $g = Guerdon::Stack->new(limits => 'on', uri => $proxy->{uri}, conf => {
    trusted_proxies => '127.0.0.1', limit_guess => '1000/600 3/600',
    map({ ("limit_$_" => "$wide $wide") } qw(login sign_up refresh claim
    write)), limit_read => "60/600 $wide"});
my $path = '/v1/users/me/factor';
my %seen;		# by code: how many
my @secrets;		# that no log may hold

sub from { return (headers => ['X-Forwarded-For', @_]) }
sub sid { return (split /\./, $_[0]{refresh})[0] }

# The events of a trace, or of all; a code that is known is one line.
sub events {
	my ($trace, @pools) = @_;
	my @found = grep { $_->{security} &&
	    (!defined $trace || ($_->{traceId} // '') eq $trace) }
	    map { $g->log("fcgi-$_") } @pools ? @pools : qw(gw auth event);

	return @found;
}

# An answer made exactly one event, by this code, with these members.
sub has_event {
	my ($res, $code, $name, %want) = @_;
	my $trace = ($res->header('traceparent') // '') =~
	    s/^00-([0-9a-f]{32})-.*/$1/r;
	my @found = events($trace);
	my $e = $found[0] // {};

	$seen{$code}++;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(join(' ', map { $_->{code} } @found), $code, $name) or
	    diag($res->brief);
	$want{address} //= '203.0.113.1';
	is($e->{$_}, $want{$_}, "... $_") for sort keys %want;
	return $e;
}

# An answer that made none.
sub has_none {
	my ($res, $name) = @_;
	my $trace = ($res->header('traceparent') // '') =~
	    s/^00-([0-9a-f]{32})-.*/$1/r;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(join(' ', map { $_->{code} } events($trace)), '', $name);
}

sub call {
	my ($method, $target, %o) = @_;
	my $res = $g->call($method, $target, from('203.0.113.1'), %o);

	return $res;
}

# A user with tokens that are remembered as secrets.
sub keep {
	my ($user) = @_;
	push @secrets, @$user{qw(token refresh)}, grep { defined }
	    $user->{password}, $user->{email};
	return $user;
}
sub user { return keep($g->new_user(@_)) }

sub login {
	my ($user, %o) = @_;
	my $res = call(POST => '/v1/auth/login', json => {email =>
	    $user->{email}, password => $user->{password}, %o});
	push @secrets, grep { defined } map { $res->get($_) }
	    qw(accessToken refreshToken) if $res->status == 200;
	return $res;
}

sub code {
	my ($user, $on) = @_;
	my $bits = join '', map { sprintf '%05b', index
	    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', $_ } split //, $user->{secret};
	my $mac = hmac_sha1(pack('Q>', int(time / 30) + ($on // 0)),
	    pack 'B*', $bits);
	my $at = ord(substr $mac, -1) & 15;

	return sprintf '%06d', (unpack('N', substr $mac, $at, 4) &
	    0x7fffffff) % 1_000_000;
}

# Sign-up and login.
my $admin = keep($g->person('ADMIN'));
push @secrets, 'first horse battery 7', 'made@example.org';
my $res = call(POST => '/v1/users', json => {email => 'made@example.org',
    name => 'M', password => 'first horse battery 7'});
my $made = {userId => $res->get('userId'), email => 'made@example.org',
    password => 'first horse battery 7'};
has_event($res, 'USER_CREATED', 'a sign-up', userId => $made->{userId},
    role => 'USER', by => undef, operation => 'user_create');
$res = call(POST => '/v1/staff', as => 'ADMIN', json => {email =>
    'made.too@example.org', name => 'M', role => 'OPERATOR', password =>
    'first horse battery 7'});
has_event($res, 'USER_CREATED', 'staff is made', role => 'OPERATOR',
    by => $admin->{userId});
$res = login($made);
has_event($res, 'LOGIN', 'a login', userId => $made->{userId},
    sessionId => (split /\./, $res->get('refreshToken'))[0]);
push @secrets, 'no horse battery 5', 'nobody@example.org';
has_event(login($made, email => 'nobody@example.org'), 'LOGIN_UNKNOWN',
    'an unknown email', userId => undef, level => 'warning');
has_event(login($made, password => 'no horse battery 5'), 'LOGIN_PASSWORD',
    'a wrong password', userId => $made->{userId});

# Disabled, and while a login is under way.
my $patch = "/v1/users/$made->{userId}";
has_event(call(PATCH => $patch, as => 'ADMIN', json => {status =>
    'DISABLED'}), 'USER_DISABLED', 'a user is disabled', userId =>
    $made->{userId}, by => $admin->{userId});
has_event(login($made), 'LOGIN_DISABLED', '... who logs in',
    userId => $made->{userId});
has_event(call(PATCH => $patch, as => 'ADMIN', json => {status =>
    'ACTIVE'}), 'USER_ENABLED', '... is enabled', userId => $made->{userId},
    by => $admin->{userId});
$proxy->hold('login', 'ask', 'insert', 'sessions', $made->{userId});
my $pid = open(my $child, '-|') // die "fork: $!";
if ($pid == 0) {
	my $late = login($made);
	print $late->header('traceparent') // '', "\n", $late->brief, "\n";
	close STDOUT;
	require POSIX;
	POSIX::_exit(0);
}
ok($g->wait_for(sub { $proxy->held('login') }, 5), 'a login is held');
is_status(call(PATCH => $patch, as => 'ADMIN', json => {status =>
    'DISABLED'}), 200, '... its user disabled meanwhile');
$proxy->release('login');
my ($parent, $brief) = map { chomp; $_ } <$child>;
close $child;
is($brief, '401 INVALID_CREDENTIALS', '... and it is refused');
my ($late) = events($parent =~ s/^00-([0-9a-f]{32})-.*/$1/r);
is($late->{code}, 'LOGIN_OVERTAKEN', '... for that reason');
is($late->{userId}, $made->{userId}, '... userId');
$seen{LOGIN_OVERTAKEN}++;

# Roles, passwords, sessions, the end of an account.
my $user = user('USER');
has_event(call(PATCH => "/v1/users/$user->{userId}", as => 'ADMIN',
    json => {role => 'OPERATOR'}), 'ROLE_CHANGED', 'a role is changed',
    userId => $user->{userId}, by => $admin->{userId}, from => 'USER',
    to => 'OPERATOR');
my @more = map { keep($g->log_in({%$user})) } 1 .. 3;
has_event(call(DELETE => '/v1/users/me/sessions/' . sid($more[0]),
    as => $user), 'SESSION_ENDED', 'a session is ended', userId =>
    $user->{userId}, by => $user->{userId}, sessionId => sid($more[0]));
has_event(call(DELETE => "/v1/users/$user->{userId}/sessions/" .
    sid($more[1]), as => 'ADMIN'), 'SESSION_ENDED',
    'a session is ended by another', userId => $user->{userId},
    by => $admin->{userId}, sessionId => sid($more[1]));
my $password = 'second horse battery 8';
push @secrets, $password;
has_event(call(PUT => '/v1/users/me/password', as => $user, json =>
    {currentPassword => 'no horse battery 5', newPassword => $password}),
    'PASSWORD_WRONG', 'a wrong current password', userId => $user->{userId});
has_event(call(PUT => '/v1/users/me/password', as => $user, json =>
    {currentPassword => $user->{password}, newPassword => $password}),
    'PASSWORD_CHANGED', 'a new password', userId => $user->{userId},
    by => $user->{userId});
$user->{password} = $password;
has_event(call(DELETE => "/v1/users/$user->{userId}/sessions", as =>
    'ADMIN'), 'SESSIONS_ENDED', 'all sessions of a user', userId =>
    $user->{userId}, by => $admin->{userId});
my ($gone, $erased) = map { user('USER') } 1, 2;
has_event(call(DELETE => '/v1/users/me', as => $gone, json => {password =>
    $gone->{password}}), 'USER_DELETED', 'an account ends', userId =>
    $gone->{userId}, by => $gone->{userId});
has_event(call(DELETE => "/v1/users/$erased->{userId}", as => 'ADMIN'),
    'USER_DELETED', '... or is erased', userId => $erased->{userId},
    by => $admin->{userId});

# Refresh tokens.
sub refresh {
	my ($token) = @_;
	my $res = call(POST => '/v1/auth/refresh', json => {refreshToken =>
	    $token});
	push @secrets, $token, grep { defined } map { $res->get($_) }
	    qw(accessToken refreshToken);
	return $res;
}
my $thief = user('USER');
my @chain = $thief->{refresh};
push @chain, refresh($chain[-1])->get('refreshToken') for 1, 2;
has_event(refresh($chain[0]), 'REFRESH_REUSE', 'a token is used twice',
    userId => $thief->{userId}, sessionId => sid($thief));
has_event(refresh($chain[2]), 'REFRESH_REFUSED', '... its session is over',
    userId => $thief->{userId}, reason => 'not valid');
has_event(refresh('nonsense'), 'REFRESH_REFUSED', 'no refresh token',
    userId => undef, reason => 'malformed');

# Refused authorizations: of one who goes on, once in ten seconds.
my @bad = (from('203.0.113.7'), as => $more[0]);
my @answers = http_all(map { $g->request(GET => '/v1/users/me', @bad) }
    1 .. 20);
is(scalar(grep { $_->brief eq '401 INVALID_TOKEN' } @answers), 20,
    'twenty bad tokens');
my @found = grep { $_->{code} eq 'TOKEN_REFUSED' && $_->{address} eq
    '203.0.113.7' } events(undef, 'gw');
ok(@found >= 1 && @found <= 2, '... are one line') or diag(scalar @found);
has_event($g->call(GET => '/v1/users/me', as => 'nonsense',
    from('203.0.113.8')), 'TOKEN_REFUSED', '... and another for another',
    address => '203.0.113.8', operation => 'user_me');
has_none($g->call(GET => '/v1/users/me', from('203.0.113.9')),
    'who shows no token is none');
my $reader = user('USER');
has_event(call(GET => '/v1/users', as => $reader), 'ROLE_REFUSED',
    'a role that may not', userId => $reader->{userId},
    operation => 'user_list');
has_none(call(GET => '/v1/users', as => $reader), '... once');
my $other = user('USER');
has_event(call(GET => '/v1/users', as => $other), 'ROLE_REFUSED',
    '... and another for another', userId => $other->{userId});

# Past the gateway.
push @secrets, 'wrong-secret-of-a-service';
$res = $g->call(GET => '/v1/users', on => 'auth',
    basic => "$g->{demo}{SERVICE_ID}:wrong-secret-of-a-service");
has_event($res, 'SERVICE_REFUSED', 'a wrong service credential',
    address => '127.0.0.1');
has_event($g->call(GET => '/v1/users/me', on => 'auth', basic => 1),
    'ROLE_REFUSED', 'what a service may not', address => '127.0.0.1');
my $c = Guerdon::Fcgi->connect($g->socket_path('event')) or die;
push @secrets, my $forged = 'f' x 64;
$c->send(fcgi_call(params => [REQUEST_METHOD => 'GET', REQUEST_URI =>
    '/v1/audit', REMOTE_ADDR => '203.0.113.5', GUERDON_NODE_KEY => $forged,
    GUERDON_ROLE => 'ADMIN']));
is($c->answer(5)->{status}, 400, 'a forged inner call');
my ($event) = grep { $_->{code} eq 'NODE_KEY_REFUSED' } events(undef, 'event');
is($event->{address}, '203.0.113.5', '... is an event');
$seen{NODE_KEY_REFUSED}++;
# Another user of the machine, which only root can be; t/26 looks closer.
$seen{PEER_REFUSED}++ if $> != 0;
if ($> == 0) {
	chmod 0710, $g->{home}, "$g->{home}/run";
	system(qw(setpriv --reuid=65534 --regid=0 --clear-groups), $^X,
	    '-MIO::Socket::UNIX', '-e', 'my $s = IO::Socket::UNIX->new(' .
	    'Peer => shift) or exit 1; sysread $s, my $b, 8',
	    $g->socket_path('event'));
	ok($g->wait_for(sub {
		($event) = grep { $_->{code} eq 'PEER_REFUSED' }
		    events(undef, 'event');
	    }, 3), 'a peer of another user');
	is($event->{uid}, 65534, '... is an event');
	$seen{PEER_REFUSED}++;
}

# Throttles.
my $victim = user('USER');
@answers = map { $g->call(POST => '/v1/auth/login', from('203.0.113.20'),
    json => {email => $victim->{email}, password => 'no horse battery 5'}) }
    1 .. 6;
is(join(' ', map { $_->status } @answers), '401 401 401 429 429 429',
    'wrong passwords are throttled');
has_event($answers[3], 'GUESSES_LIMITED', '... an event', address =>
    '203.0.113.20', limit => 'guess-account');
has_none($answers[4], '... once');
@answers = http_all(map { $g->request(GET => '/v1/events', as => 'nonsense',
    from('203.0.113.30')) } 1 .. 64);
my ($limited) = grep { $_->{code} eq 'RATE_LIMITED' } events(undef, 'gw');
is($limited->{address}, '203.0.113.30', 'a rate limit');
is($limited->{limit}, 'read-address', '... which');
$seen{RATE_LIMITED}++;

# The second factor.
my $staff = user('AUDITOR');
sub begin {
	$staff->{secret} = call(POST => $path, as => $staff, json => {password
	    => $staff->{password}})->get('secret');
	push @secrets, $staff->{secret};
}
sub confirm {
	my $res = call(POST => "$path/confirmation", as => $staff, json =>
	    {code => $_[0]});
	push @secrets, @{$res->get('recoveryCodes')} if $res->status == 200;
	return $res;
}
begin();
my ($wrong) = grep { my $n = $_; !grep { code($staff, $_) eq $n } -2 .. 3 }
    map { sprintf '%06d', $_ } 0 .. 9;
has_event(confirm($wrong), 'CODE_WRONG', 'a wrong code', userId =>
    $staff->{userId});
my $used = code($staff);
has_event($res = confirm($used), 'FACTOR_SET', 'a second factor', userId =>
    $staff->{userId}, by => $staff->{userId});
my @recovery = @{$res->get('recoveryCodes')};
has_event(login($staff), 'LOGIN_CODE_ASKED', 'a login without a code',
    userId => $staff->{userId}, level => 'info');
has_event(login($staff, code => $wrong), 'LOGIN_CODE_WRONG',
    '... with a wrong one', userId => $staff->{userId});
has_event(login($staff, code => $used), 'LOGIN_CODE_REPLAYED',
    '... with one that was used', userId => $staff->{userId});
has_event(login($staff, code => $recovery[0]), 'LOGIN', '... with a good one',
    userId => $staff->{userId});
has_event(login($staff, code => $recovery[0]), 'LOGIN_CODE_WRONG',
    '... twice', userId => $staff->{userId});
sub remove { return call(DELETE => $path, as => $staff, json => {password =>
    $staff->{password}, code => $_[0]}) }
has_event(remove($used), 'CODE_REPLAYED', 'a used code removes nothing',
    userId => $staff->{userId});
has_event(remove($recovery[1]), 'FACTOR_REMOVED', 'it is removed',
    userId => $staff->{userId}, by => $staff->{userId});
begin();
confirm(code($staff));
login($staff, code => $wrong) for 1 .. 10;
has_event(login($staff, code => $wrong), 'CODES_LIMITED', 'too many codes',
    userId => $staff->{userId});
has_event(call(DELETE => "/v1/users/$staff->{userId}/factor", as =>
    'ADMIN'), 'FACTOR_RESET', 'it is taken away', userId =>
    $staff->{userId}, by => $admin->{userId});

# Keys.
sub have {
	my ($code, $n) = @_;
	$seen{$code}++;
	return $g->wait_for(sub { (grep { $_->{code} eq $code }
	    events(undef, 'auth')) >= $n }, 5);
}
my ($before) = map { m{([^/]+)\.key$} } sort glob
    "$g->{home}/keys/auth/token/*.key";
is(($g->guerdon('key', 'rotate'))[1], 0, 'a key is rotated');
my ($after) = map { m{([^/]+)\.key$} } reverse sort glob
    "$g->{home}/keys/auth/token/*.key";
kill USR2 => $g->pool_pid('auth');
ok(have('KEY_ROTATED', $g->size('auth')), '... and each worker says so');
my ($rotated) = grep { $_->{code} eq 'KEY_ROTATED' } events(undef, 'auth');
is("$rotated->{from} $rotated->{to}", "$before $after", '... which signs now');
ok(have('KEYS_RELOADED', $g->size('auth')), '... they were read');
my $file = "$g->{home}/keys/auth/factor.key";
chmod 0644, $file;
kill USR2 => $g->pool_pid('auth');
ok(have('KEYS_REFUSED', $g->size('auth')), 'a key that others can read');
chmod 0600, $file;
$staff = user('AUDITOR');
begin();
confirm(code($staff));
my $had = Guerdon::Stack::slurp($file);
push @secrets, $had =~ s/\s//gr;
open my $out, '>', $file or die "$file: $!";
print $out scalar reverse($had =~ s/\s//gr), "\n";
close $out or die;
my $n = (grep { $_->{code} eq 'KEYS_RELOADED' } events(undef, 'auth')) +
    $g->size('auth');
kill USR2 => $g->pool_pid('auth');
ok(have('KEYS_RELOADED', $n), 'another factor.key is read');
$res = login($staff, code => code($staff, 1));
is_problem($res, 500, 'INTERNAL_ERROR', '... and opens no second factor');
has_event($res, 'FACTOR_UNREADABLE', '... which is an event', userId =>
    $staff->{userId}, level => 'error');

# Without limits; at this level of the log nothing else is written.
my $off = Guerdon::Stack->new(workers => 1, conf => {log_level => 'error'});
ok($off->wait_for(sub { grep { $_->{security} && $_->{code} eq 'LIMITS_OFF' }
    $off->log('fcgi-gw') }, 5), 'no limits');
$seen{LIMITS_OFF}++;
is(scalar(grep { !$_->{security} && $_->{level} ne 'error' } map {
    $off->log("fcgi-$_") } qw(gw auth event)), 0,
    'events are written whatever log_level says');

# A secret where none belongs: in the target.
my $target = "/v1/users/$user->{refresh}";
my $loud = Guerdon::Stack->new(workers => 1);
$loud->call(GET => $_) for $target, "/v1/x/$user->{token}", '/v1/x/' .
    'a' x 43 . '/%1B%5B2J';
my @paths = map { $_->{path} // () } $loud->log('fcgi-gw');
is(scalar(grep { $_ eq '/v1/users/[redacted]' } @paths), 1,
    'a refresh token in a path');
is(scalar(grep { $_ eq '/v1/x/[redacted]' } @paths), 1,
    '... an access token');
is(scalar(grep { $_ eq '/v1/x/[redacted]/%1B%5B2J' } @paths), 1,
    '... what may be a secret');

# No secret and no email in any line that a worker wrote.
for my $stack ($g, $loud) {
	my $text = join '', map { Guerdon::Stack::slurp(
	    "$stack->{home}/log/fcgi-$_.log") } qw(gw auth event);
	my %once = map { $_ => 1 } grep { $_ ne '' } @secrets;
	is(join(' ', grep { index($text, $_) >= 0 } sort keys %once), '',
	    'no secret is in the logs: of ' . keys %once);
	unlike($text, qr/\@example\.org/, '... and no email');
}

# The table, the page and what was seen.
my $top = Guerdon::Stack::top();
my @table = Guerdon::Stack::slurp("$top/shared/security.h") =~
    /^\tX\((\w+), LOG_/mg;
my @page = Guerdon::Stack::slurp("$top/SECURITY.md") =~
    /^\| ([A-Z_]+) \|/mg;
cmp_ok(scalar @table, '>', 30, 'there is a table of codes');
is(join(' ', sort @page), join(' ', sort @table), 'SECURITY.md has them all');
is(join(' ', grep { !$seen{$_} } @table), '', 'each was made to happen');

done_testing;
