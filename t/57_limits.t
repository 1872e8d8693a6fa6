#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Rate limits: by class, by address and by user, the same in all workers; who
# is behind a proxy; what clients are told.  Throttling of wrong passwords.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Http qw(http_all);
use Guerdon::Stack;

my $wide = '1000000/86400';
my %conf = ((map { ("limit_$_" => "$wide $wide") }
    qw(login sign_up refresh claim read write)), limit_guess => '20/600 5/600');

sub stack {
	my (%more) = @_;

	return Guerdon::Stack->new(limits => 'on', conf => {%conf, %more});
}

sub from { return (headers => ['X-Forwarded-For', @_]) }

# Answers by status: "200 x 5, 429 x 3".
sub tally {
	my %n;

	$n{$_->status}++ for @_;
	return join ', ', map { "$_ x $n{$_}" } sort keys %n;
}

my $g = stack(trusted_proxies => '127.0.0.1', ratelimit_headers => 'on',
    limit_read => '12/600 5/600', limit_claim => '1000/600 3/600',
    limit_sign_up => '12/600 4/600', limit_write => '1000/600 2/600');
my $event = $g->new_event;
my @users = map { $g->new_user('USER') } 1 .. 3;

# A user's bucket, whatever the address; another user has one of their own.
sub reads {
	my ($user, $n, @from) = @_;

	return http_all(map { $g->request(GET => '/v1/events', as => $user,
	    from($from[$_ % @from])) } 0 .. $n - 1);
}
my @res = reads($users[0], 12, '198.51.100.1', '198.51.100.2',
    '198.51.100.3', '198.51.100.4');
is(tally(@res), '200 x 5, 429 x 7', 'a user has five reads, from anywhere');
my ($refused) = grep { $_->status == 429 } @res;
is_problem($refused, 429, 'RATE_LIMITED', 'the sixth is refused');
like($refused->header('Retry-After'), qr/^(?:1[01]\d|120|121)$/,
    '... until a fifth of the ten minutes is over');
is($refused->header('RateLimit-Policy'), '"read-user";q=5;w=600',
    '... by a policy');
like($refused->header('RateLimit'), qr/^"read-user";r=0;t=(?:59\d|600|601)$/,
    '... of which nothing is left');
my ($first) = grep { $_->status == 200 } @res;
like($first->header('RateLimit'), qr/^"read-user";r=[0-4];t=\d+$/,
    'an answer says what is left');
is(scalar(() = $first->all('RateLimit')), 1, '... once');
is(tally(reads($users[1], 5, '198.51.100.5')), '200 x 5', 'another user');

# Another class has a bucket of its own.
is_status($g->call(POST => "/v1/events/$event->{eventId}/claims",
    as => $users[0]), 201, 'a claim is no read');

# An address's bucket, whoever it is; a refusal comes before 401.
@res = http_all(map { $g->request(GET => '/v1/events', as => 'nonsense',
    from('203.0.113.1')) } 1 .. 16);
is(tally(@res), '401 x 12, 429 x 4', 'an address has twelve reads');
is(tally(http_all($g->request(GET => '/v1/nothing', from('203.0.113.1')),
    $g->request(DELETE => '/v1/events', from('203.0.113.1')))),
    '404 x 1, 405 x 1', 'what is no operation is refused for that');
is_status($g->call(GET => '/v1/events', as => $users[2],
    from('203.0.113.1')), 429, 'the address counts for a good token, too');
is_status($g->call(GET => '/v1/events', as => $users[2],
    from('203.0.113.2')), 200, '... and not for one who is elsewhere');

# IPv6 goes by /64, and IPv4 in it is IPv4.
@res = http_all(map { $g->request(GET => '/v1/events', as => 'nonsense',
    from(sprintf '2001:db8:0:1:%x::%x', $_, $_)) } 1 .. 16);
is(tally(@res), '401 x 12, 429 x 4', 'a /64 is one address');
is_status($g->call(GET => '/v1/events', as => 'nonsense',
    from('2001:db8:0:2::1')), 401, '... and the next is another');
is_status($g->call(GET => '/v1/events', as => 'nonsense',
    from('::ffff:203.0.113.1')), 429, 'IPv4 in IPv6 is the IPv4 address');

# Only what stands behind the last stranger is believed.
is_status($g->call(GET => '/v1/events', as => 'nonsense',
    from("198.18.0.$_, 203.0.113.1")), 429, 'a made-up address before')
    for 1, 2;

# Sign-up is public.
@res = http_all(map { $g->request(POST => '/v1/users', json => {
    email => "limit$_\@example.org", name => 'L',
    password => 'plum tree 4711 moss'}, from('203.0.113.9')) } 1 .. 14);
is(tally(@res), '201 x 12, 429 x 2', 'an address can sign up twelve times');
my ($made) = grep { $_->status == 201 } @res;
like($made->header('RateLimit'), qr/^"sign-up-address";/,
    'who is nobody is told of the address');

# Documents, health, and the internal ports have no limit.
is(tally(http_all(map { $g->request(GET => '/v1/openapi.json',
    from('203.0.113.1')) } 1 .. 20)), '200 x 20', 'the document');
is(tally(http_all(map { $g->request(GET => '/v1/users', on => 'auth',
    basic => 1) } 1 .. 20)), '200 x 20', 'a service is not limited');

# What was taken does not come back at once.
is_status($g->call(GET => '/v1/events', as => $users[0],
    from('198.51.100.9')), 429, 'the bucket of the user is still empty');

# One line for who knocks all the time.
my @lines = grep { /"rate limited"/ && /"limit":"read-address"/ &&
    /203\.0\.113\.1"/ } split /\n/,
    Guerdon::Stack::slurp("$g->{home}/log/fcgi-gw.log");
ok(@lines >= 1 && @lines <= 2, 'an address that is refused is in the log')
    or diag(scalar @lines);

# Wrong passwords: five of one account from one address, in all workers.
my $victim = $g->new_user('USER');
sub tries {
	my ($user, $n, $password, $from) = @_;

	return http_all(map { $g->request(POST => '/v1/auth/login',
	    json => {email => $user->{email}, password => $password},
	    from($from)) } 1 .. $n);
}
@res = tries($victim, 12, 'wrong horse battery', '203.0.113.50');
is(tally(@res), '401 x 5, 429 x 7', 'five wrong passwords are looked at');
($refused) = grep { $_->status == 429 } @res;
is_problem($refused, 429, 'RATE_LIMITED', 'the sixth is not');
like($refused->header('Retry-After'), qr/^(?:1[01]\d|120|121)$/,
    '... until a fifth of the ten minutes is over');
is(tally(tries($victim, 1, $victim->{password}, '203.0.113.50')), '429 x 1',
    'nor is the right one, from there');
is(tally(tries($victim, 12, $victim->{password}, '203.0.113.51')),
    '200 x 12', 'from elsewhere it is, as often as one likes');

# Then the address: four accounts with five wrong ones each.
my @others = map { $g->new_user('USER') } 1 .. 5;
@res = map { tries($_, 5, 'wrong horse battery', '203.0.113.60') } @others;
is(tally(@res), '401 x 20, 429 x 5', 'twenty wrong ones from one address');
is(tally(tries($victim, 1, $victim->{password}, '203.0.113.60')), '429 x 1',
    '... keep out whoever is new there');
is(tally(tries($others[0], 1, $others[0]{password}, '203.0.113.61')),
    '200 x 1', '... and nobody elsewhere');

# A neighbour who was there before is not kept out.
my $home = $g->new_user('USER');
is(tally(tries($home, 1, $home->{password}, '203.0.113.70')), '200 x 1',
    'a user comes in at home');
@res = map { tries($_, 5, 'wrong horse battery', '203.0.113.70') } @others;
like(tally(@res), qr/^401 x 20, 429 x 5$/, 'a neighbour guesses');
is(tally(tries($home, 1, $home->{password}, '203.0.113.70')), '200 x 1',
    '... and the user still comes in');
my $log = Guerdon::Stack::slurp("$g->{home}/log/fcgi-auth.log");
like($log, qr/"sign-in throttled".*"address":"203\.0\.113\.50".*"limit":"guess-account"/,
    'a throttle is in the log');
like($log, qr/"address":"203\.0\.113\.60".*"limit":"guess-address"/,
    '... of an address, too');

# Without a proxy that is trusted, the header is a client's own words.
my $bare = stack(limit_read => '10/600 1000/600');
@res = http_all(map { $bare->request(GET => '/v1/events', as => 'nonsense',
    from("203.0.113.$_")) } 1 .. 14);
is(tally(@res), '401 x 10, 429 x 4', 'a header of nobody is not believed');
is($res[0]->header('RateLimit'), undef, 'clients are told by a switch only');

# Off is off, and says so.
my $off = Guerdon::Stack->new(conf => {%conf, limit_read => '1/600 1/600'});
is(tally(http_all(map { $off->request(GET => '/v1/events', as => 'nonsense')
    } 1 .. 14)), '401 x 14', 'no limits');
ok($off->wait_for(sub { Guerdon::Stack::slurp("$off->{home}/log/fcgi-gw.log")
    =~ /"LIMITS_OFF"/ }, 5), '... and a warning in the log');
is(scalar(() = Guerdon::Stack::slurp("$off->{home}/log/fcgi-gw.log") =~
    /LIMITS_OFF/g), 1, '... by one of the workers');
unlike(Guerdon::Stack::slurp("$g->{home}/log/fcgi-gw.log"), qr/LIMITS_OFF/,
    'with limits there is none');

# What is no rate or no network is refused at start.
for my $line ('limit_read = 5', 'limit_read = 5/5', 'limit_read = 0/5 5/5',
    'limit_claim = 5/5 5/5 5/5', 'trusted_proxies = proxy.example.org',
    'trusted_proxies = 10.0.0.1/8', 'peer_users = no-such-user',
    'peer_users = -1', 'peer_users = 4294967295', 'ratelimit_headers = yes') {
	open my $fh, '>', "$off->{home}/bad.conf" or die $!;
	print $fh Guerdon::Stack::slurp($off->conf_path), "$line\n";
	close $fh or die $!;
	my ($out, $status) = $off->run(Guerdon::Stack::build() .
	    '/bin/guerdon', '-c', "$off->{home}/bad.conf", 'check-config');
	my ($key) = split ' ', $line;
	ok($status != 0 && $out =~ /\Q$key\E/, "$line is refused");
}

done_testing;
