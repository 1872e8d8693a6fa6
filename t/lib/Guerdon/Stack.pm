# SPDX-License-Identifier: BSD-2-Clause
package Guerdon::Stack;

# A whole Guerdon as an object: lighttpd, three pools, a folder, a database
# name and ports of its own.  It is started by tools/stack, as an operator
# starts it, and stopped when the object goes.  The folder goes too, unless a
# test failed: then its name is said, and the logs in it tell why.
#
#	my $g = Guerdon::Stack->new(workers => 2);
#	my $res = $g->call(GET => '/v1/events', as => 'USER');
#
# Options:
#	workers	gateway workers (2); auth and event have two more each
#	limits	"on" or "off" (off): rate limits
#	conf	{key => value}: lines for guerdon.conf
#	db	the name of the database, to share one with another stack
#	uri	of the database server; else GUERDON_MONGO_URI, else a devdb
#	devdb	true: a devdb of this stack alone, that a test may stop
#	start	0: only prepare; start it by start()

use strict;
use warnings;
use Digest::SHA qw(hmac_sha256);
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use FindBin;
use IO::Socket::INET;
use JSON::PP ();
use MIME::Base64 qw(encode_base64 encode_base64url);
use Scalar::Util ();
use Socket qw(AF_UNIX SOCK_STREAM pack_sockaddr_un);
use Test::More;
use Time::HiRes qw(sleep time);
use Guerdon::Http qw(http http_all);

# As in tools/lib.sh: a killed process leaves nothing in /dev/shm.
$ENV{MONGOC_DISABLE_SHM} = 1;

our $json = JSON::PP->new->utf8->canonical->allow_nonref;

my $count = 0;		# stacks made by this process
my $shared;		# a devdb for all stacks of this process
my @all;		# weak: stacks to stop at a signal

# The top of the source tree.
sub top {
	my $dir = __FILE__;

	$dir =~ s{/?t/lib/Guerdon/Stack\.pm$}{} or die "where am I: $dir";
	return $dir eq '' ? '.' : $dir;
}

sub build { return $ENV{GUERDON_BUILD} // top() . '/build' }

# A signal ends the test like die(), so that destructors run.
$SIG{$_} = sub { exit 1 } for grep { !$SIG{$_} } qw(HUP INT TERM);

sub new {
	my ($class, %opt) = @_;
	my $self = bless {owner => $$, workers => 2, limits => 'off',
	    staff => {}, %opt}, $class;

	$self->{home} = short_dir();
	$self->{port} = take_ports($self);
	$self->{own_db} = !defined $self->{db};
	# A failed test leaves its database, and its process id comes again.
	$self->{db} //= sprintf 'guerdon_test_%x_%d_%d', time, $$, ++$count;
	$self->{uri} //= $self->database;
	push @all, $self;
	Scalar::Util::weaken($all[-1]);
	$self->start if $opt{start} // 1;
	return $self;
}

# Unix sockets have names of at most 107 bytes.
sub short_dir {
	my ($base) = grep { defined && length $_ < 60 } $ENV{TMPDIR}, '/tmp';

	return tempdir('gXXXXXX', DIR => $base);
}

# Four ports in a row that nobody has.  They lie below those that the kernel
# gives to outgoing connections.  A name in the abstract socket namespace keeps
# other tests off them for as long as this object lives.
sub take_ports {
	my ($self) = @_;

	for (1 .. 200) {
		my $port = 11000 + 4 * int rand 5000;
		socket(my $lock, AF_UNIX, SOCK_STREAM, 0) or die "socket: $!";
		bind($lock, pack_sockaddr_un("\0guerdon-test-$port")) or next;
		my @try = map { IO::Socket::INET->new(Listen => 1,
		    LocalAddr => '127.0.0.1', LocalPort => $_,
		    ReuseAddr => 1) } $port .. $port + 3;
		next if @try < 4 || grep { !$_ } @try;
		$self->{lock} = $lock;
		return {http => $port, auth => $port + 1, event => $port + 2,
		    ops => $port + 3};
	}
	die 'there are no free ports';
}

# A devdb in a folder of its own; devdb finds its processes by the folder.
sub start_devdb {
	my ($home) = @_;
	my $out = qx(@{[quote(top() . '/devdb/devdb', 'start', $home)]});

	die "devdb did not start\n" if $? != 0;
	chomp $out;
	return $out;
}

sub quote { return join ' ', map { s/'/'\\''/gr =~ s/^(.*)$/'$1'/sr } @_ }

sub database {
	my ($self) = @_;

	if ($self->{devdb}) {
		$self->{devdb} = "$self->{home}/db";
		return start_devdb($self->{devdb});
	}
	return $ENV{GUERDON_MONGO_URI} if $ENV{GUERDON_MONGO_URI};
	$shared //= Guerdon::Stack::Devdb->new;
	return $shared->{uri};
}

# Stop and start the devdb of this stack; ${how}: "--kill" as a crash would.
sub stop_database {
	my ($self, @how) = @_;

	system(top() . '/devdb/devdb', 'stop', @how, $self->{devdb}) == 0 or
	    die "devdb did not stop\n";
}

sub start_database {
	my ($self) = @_;

	return start_devdb($self->{devdb});
}

# What tools/stack is told.
sub env {
	my ($self) = @_;
	my %env = (HOME => $self->{home}, BUILD => build(),
	    MONGO_URI => $self->{uri}, DB => $self->{db},
	    WORKERS => $self->{workers}, LIMITS => $self->{limits});

	$env{uc($_) . '_PORT'} = $self->{port}{$_} for keys %{$self->{port}};
	return map { ("GUERDON_$_" => $env{$_}) } keys %env;
}

# Run a command in the stack's environment; its output and exit status.
sub run {
	my ($self, @command) = @_;
	my $log = "$self->{home}/command.out";

	local %ENV = (%ENV, $self->env);
	my $status = system quote(@command) . ' >' . quote($log) .
	    ' 2>&1 </dev/null';
	return (slurp($log), $status >> 8);
}

sub stack {
	my ($self, @words) = @_;
	my ($out, $status) = $self->run(top() . '/tools/stack', @words);

	if ($status != 0) {
		$self->{broken} = 1;
		die "tools/stack @words: exit status $status: $out";
	}
	return $out;
}

# The command line of this stack; its output and exit status.
sub guerdon {
	my ($self, @words) = @_;

	return $self->run(build() . '/bin/guerdon', '-c', $self->conf_path,
	    @words);
}

sub start {
	my ($self) = @_;

	$self->{started} = 1;
	$self->write_conf;
	$self->stack('start');
	$self->read_demo;
	$self->wait_for(sub { $self->ready && $self->whole }, 20) or do {
		$self->{broken} = 1;
		die "the stack does not get ready\n";
	};
	return $self;
}

sub stop {
	my ($self) = @_;

	$self->stack('stop');
	$self->{started} = 0;
}

# Lines of our own for guerdon.conf.
sub write_conf {
	my ($self) = @_;
	my $conf = $self->{conf} // return;

	open my $fh, '>', "$self->{home}/conf.extra" or die "conf.extra: $!";
	print $fh map { "$_ = $conf->{$_}\n" } sort keys %$conf;
	close $fh or die "conf.extra: $!";
}

sub conf_path { return "$_[0]{home}/guerdon.conf" }

# The file in which tools/stack says how to reach it.
sub read_demo {
	my ($self) = @_;

	for (split /\n/, slurp("$self->{home}/demo.env")) {
		my ($name, $value) = /^(?:export )?GUERDON_(\w+)=(.*)$/ or next;
		$value =~ s/^'(.*)'$/$1/ or $value =~ s/^"(.*)"$/$1/;
		$self->{demo}{$name} = $value;
	}
}

sub ready {
	my ($self) = @_;

	return http(port => $self->{port}{ops}, path => '/readyz',
	    timeout => 3)->status == 200;
}

# Are all the workers there?
sub whole {
	my ($self, @pools) = @_;

	for my $pool (@pools ? @pools : qw(gw auth event)) {
		return 0 if $self->workers($pool) != $self->size($pool);
	}
	return 1;
}

# How many workers a pool has: a link pins one, hence two more inside.
sub size { return $_[0]{workers} + ($_[1] eq 'gw' ? 0 : 2) }

# Poll until ${test} is true; false if it isn't after so many seconds.
sub wait_for {
	my ($self, $test, $seconds) = @_;
	my $end = time + ($seconds // 10);

	for (;;) {
		my $got = $test->();
		return $got if $got;
		return $got if time >= $end;
		sleep 0.02;
	}
}

# A request, prepared: method, path, and
#	as	a role (someone of it is made), a user of ours, or a token
#	json	data for the body;	body	bytes for it
#	type	its media type (application/json if there is a body)
#	on	http (default), auth, event, ops
#	basic	true: the service credential; or "id:secret"
#	headers	[name, value, ...] more of them
sub request {
	my ($self, $method, $path, %o) = @_;
	my @headers = @{$o{headers} // []};
	my $body = exists $o{json} ? $json->encode($o{json}) : $o{body};
	my $type = $o{type} // ((defined $body || $o{chunks}) ?
	    'application/json' : '');

	push @headers, 'Content-Type', $type if $type ne '';
	push @headers, 'Authorization', 'Bearer ' . $self->token($o{as})
	    if defined $o{as};
	push @headers, 'Authorization', $self->basic($o{basic})
	    if defined $o{basic};
	return {%o, method => $method, path => $path, body => $body,
	    headers => \@headers, port => $self->{port}{$o{on} // 'http'}};
}

sub call {
	my $self = shift;

	return http($self->request(@_));
}

# The value of an Authorization header for the internal ports.
sub basic {
	my ($self, $what) = @_;
	my $pair = $what =~ /:/ ? $what :
	    "$self->{demo}{SERVICE_ID}:$self->{demo}{SERVICE_SECRET}";

	return 'Basic ' . encode_base64($pair, '');
}

# A token: of a user of ours (a hash), of someone with a role, or itself.
sub token {
	my ($self, $as) = @_;

	return $as->{token} if ref $as;
	return $as if $as !~ /^(?:USER|OPERATOR|AUDITOR|ADMIN)$/;
	return $self->person($as)->{token};
}

# Someone with that role: always the same one.
sub person {
	my ($self, $role) = @_;

	return $self->{staff}{$role} //= $role eq 'ADMIN' ?
	    $self->log_in({email => $self->{demo}{ADMIN_EMAIL},
	    password => $self->{demo}{ADMIN_PASSWORD}}) :
	    $self->new_user($role);
}

my $serial = 0;

# A new user: {userId, email, password, name, role, token, refresh}.
sub new_user {
	my ($self, $role, %o) = @_;
	my $staff = ($role // 'USER') ne 'USER';
	my %user = (email => sprintf('u%d.%d@example.org', $$, ++$serial),
	    password => 'correct horse battery', name => "User $serial", %o);
	my $res = $self->call(POST => $staff ? '/v1/staff' : '/v1/users',
	    json => {%user, $staff ? (role => $role) : ()},
	    $staff ? (as => 'ADMIN') : ());

	die 'a user was not made: ' . $res->brief . "\n" . $res->body
	    if $res->status != 201;
	$user{$_} = $res->get($_) for qw(userId role);
	return $self->log_in(\%user);
}

# Many new users at once, without a password hash for each: copies of one, put
# straight into the database, with tokens that auth could have made.
sub new_people {
	my ($self, $count) = @_;
	my $first = $self->new_user;
	my $claims = $json->decode(from_base64url(
	    (split /\./, $first->{token})[1]));
	# It leaves what it has read to the end of its process.
	local $ENV{ASAN_OPTIONS} = 'detect_leaks=0';
	my ($out, $status) = $self->run(build() . '/bench/fill',
	    $self->conf_path, 'users', $first->{userId}, $claims->{sid},
	    $count);

	die "bench/fill: $out" if $status != 0;
	return map { my %user; @user{qw(userId token refresh email)} = split;
	    \%user } split /\n/, $out;
}

# Log in, and keep the tokens in the user's hash.
sub log_in {
	my ($self, $user) = @_;
	my $res = $self->call(POST => '/v1/auth/login', json => {
	    email => $user->{email}, password => $user->{password}});

	die 'no login: ' . $res->brief if $res->status != 200;
	@$user{qw(token refresh userId role)} =
	    map { $res->get($_) } qw(accessToken refreshToken userId role);
	return $user;
}

# A token that auth itself could have made: its header, its claims but for
# those that are given (undef takes one away), signed with its key.
sub forge {
	my ($self, $token, %o) = @_;
	my ($head, $claims) = map { $json->decode(from_base64url($_)) }
	    (split /\./, $token)[0, 1];

	for my $pair ([$head, $o{header}], [$claims, $o{claims}]) {
		my ($to, $from) = @$pair;
		for (keys %{$from // {}}) {
			defined $from->{$_} ? ($to->{$_} = $from->{$_}) :
			    delete $to->{$_};
		}
	}
	my ($first) = from_base64url($token) =~ /^(\{.*?\})/s;
	my $text = $o{header} ? $json->encode($head) : $first;
	return $self->sign($text, $json->encode($claims), %o);
}

# Sign header and payload, both bytes, as HS256; kid: whose key.
sub sign {
	my ($self, $head, $payload, %o) = @_;
	my $input = encode_base64url($head) . '.' . encode_base64url($payload);

	return "$input." . encode_base64url(
	    hmac_sha256($input, $o{key} // $self->token_key));
}

sub from_base64url { return MIME::Base64::decode_base64url($_[0]) }

# The key that signs access tokens.
sub token_key {
	my ($self) = @_;
	my @files = sort glob "$self->{home}/keys/auth/token/*.key";

	die 'there is no token key' if !@files;
	return pack 'H*', slurp($files[-1]) =~ s/\s//gr;
}

sub node_key { return slurp("$_[0]{home}/keys/node.key") =~ s/\s//gr }

# An event that is open now, with one reward, unless told otherwise.
sub new_event {
	my ($self, %o) = @_;
	my $as = delete $o{as} // 'OPERATOR';
	my $res = $self->call(POST => '/v1/events', as => $as, json => {
	    title => 'A festival', startsAt => '2020-01-01T00:00:00Z',
	    endsAt => '2090-01-01T00:00:00Z',
	    rewards => [{type => 'POINT', name => '500 points',
	    quantity => 500, details => {wallet => 'main'}}], %o});

	die 'an event was not made: ' . $res->brief . "\n" . $res->body
	    if $res->status != 201;
	return $res->json;
}

sub claim {
	my ($self, $event, $as, %o) = @_;

	return $self->call(POST => '/v1/events/' . (ref $event ?
	    $event->{eventId} : $event) . '/claims', as => $as, %o);
}

# All items of a list, by following next; path may have a query.
sub list {
	my ($self, $path, %o) = @_;
	my $mark = $path =~ /\?/ ? '&' : '?';
	my ($next, @items) = ('');

	for (1 .. 1000) {
		my $res = $self->call(GET => $path . ($next ne '' ?
		    "${mark}cursor=$next" : ''), %o);
		die "$path: " . $res->brief if $res->status != 200;
		push @items, @{$res->get('items')};
		$next = $res->get('next') // return @items;
	}
	die "$path: no end";
}

# The audit records of a filter, as soon as there are ${count}.
sub audit {
	my ($self, $query, $count, $seconds) = @_;
	my @items;

	$self->wait_for(sub {
		@items = $self->list("/v1/audit?$query&limit=100",
		    as => 'AUDITOR');
		return @items >= $count;
	}, $seconds // 2);
	return @items;
}

# The path of a file in run/ or log/.
sub socket_path { return "$_[0]{home}/run/fcgi-$_[1].sock" }

# The supervisor of a pool, and its workers: its children.
sub pool_pid {
	my ($self, $pool) = @_;
	my $file = "$self->{home}/run/fcgi-$pool.pid";

	return -e $file ? slurp($file) + 0 : 0;
}

sub workers {
	my ($self, $pool) = @_;
	my $pid = $self->pool_pid($pool) or return ();
	my @children = split ' ', slurp("/proc/$pid/task/$pid/children");

	# Between fork and exec a child is still its parent's image.
	return grep { (readlink("/proc/$_/exe") // '') =~ /fcgi-\Q$pool\E/ }
	    @children;
}

# End a whole pool, as a supervisor that is told to stop; nobody starts it
# again but start_pool().
sub stop_pool {
	my ($self, $pool) = @_;
	my $pid = $self->pool_pid($pool);
	my @all = ($pid, $self->workers($pool));

	kill TERM => $pid or die "the pool $pool does not run\n";
	$self->wait_for(sub { !grep { -e "/proc/$_/exe" } @all }, 10) or
	    die "the pool $pool does not end\n";
}

sub start_pool {
	my ($self, $pool) = @_;

	return $self->stack('restart-pool', $pool);
}

# All processes that belong to this stack: their command line or working
# folder names its home.
sub processes {
	my ($self) = @_;
	my @found;

	for my $dir (glob '/proc/[0-9]*') {
		my ($pid) = $dir =~ /(\d+)$/;
		my $line = slurp("$dir/cmdline");
		next if $pid == $$ || $line eq '';
		my $cwd = readlink("$dir/cwd") // '';
		push @found, $pid if $line =~ m{\Q$self->{home}\E(?:/|\0|$)} ||
		    $cwd =~ m{^\Q$self->{home}\E(?:/|$)};
	}
	return @found;
}

# Proportional set size in KiB.
sub pss {
	my (@pids) = grep { !ref } @_;
	my $sum = 0;

	for (@pids) {
		$sum += $1 if slurp("/proc/$_/smaps_rollup") =~
		    /^Pss:\s+(\d+) kB/m;
	}
	return $sum;
}

# The lines of a log that are JSON objects; name: fcgi-gw and so on.
sub log {
	my ($self, $name) = @_;

	return grep { ref eq 'HASH' } map { eval { $json->decode($_) } }
	    split /\n/, slurp("$self->{home}/log/$name.log");
}

# What sanitizers and aborts leave in the logs.
sub reports {
	my ($self) = @_;

	return grep { /(?:ERROR: \w+Sanitizer|runtime error:|Assertion )/ ||
	    /answer breaks the contract/ }
	    map { split /\n/, slurp($_) } glob "$self->{home}/log/*.log";
}

sub slurp {
	my ($path) = @_;

	open my $fh, '<', $path or return '';
	local $/;
	my $text = <$fh> // '';
	return $text;
}

sub end {
	my ($self) = @_;

	return if $self->{owner} != $$ || $self->{ended}++;
	local ($?, $@, $!);
	if ($self->{started}) {
		eval { $self->stack('stop') };
		diag("could not stop: $@") if $@;
	}
	system(top() . '/devdb/devdb', 'stop', $self->{devdb})
	    if $self->{devdb};
	# A leak is reported when a worker ends.
	my @reports = $self->reports;
	if (@reports) {
		diag("in the logs: $_") for @reports[0 .. ($#reports < 4 ?
		    $#reports : 4)];
		# Also after done_testing(): then the count is wrong.
		fail('the logs hold no report of a fault');
		$self->{broken} = 1;
	}
	if ($self->{broken} || !Test::More->builder->is_passing) {
		diag("the logs are in $self->{home}/log");
	} else {
		$self->drop;
		remove_tree($self->{home}, {safe => 1});
	}
}

# The database of a test that passed is of no use in a server that stays.
sub drop {
	my ($self) = @_;

	return if !$self->{own_db} || $self->{devdb} || $shared;
	require Guerdon::Mongo;
	eval { Guerdon::Mongo->new($self)->command(dropDatabase => 1) };
}

sub DESTROY { $_[0]->end }

END {
	my $status = $?;
	for (@all) {
		$_->end if $_;
	}
	undef $shared;
	$? = $status;
}

# A devdb for the stacks of one test that runs alone.
package Guerdon::Stack::Devdb;

use File::Path qw(remove_tree);

sub new {
	my ($class) = @_;
	my $home = Guerdon::Stack::short_dir();

	return bless {home => $home, owner => $$,
	    uri => Guerdon::Stack::start_devdb($home)}, $class;
}

sub DESTROY {
	my ($self) = @_;

	return if $self->{owner} != $$;
	local $?;
	system(Guerdon::Stack::top() . '/devdb/devdb', 'stop', $self->{home});
	remove_tree($self->{home}, {safe => 1});
}

1;
