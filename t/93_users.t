#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# An installation as contrib/systemd makes it: its users, its folders, each
# kind of worker as a user of its own, lighttpd as another; who reaches what,
# and who does not.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use File::Copy qw(copy);
use File::Path qw(make_path);
use POSIX ();
use Test::More;
use Guerdon::Http qw(http);
use Guerdon::Stack;

plan skip_all => 'only root can be others' if $> != 0;
my ($no) = grep { system("command -v $_ >/dev/null 2>&1") != 0 }
    qw(systemd-sysusers systemd-tmpfiles setpriv spawn-fcgi multiwatch);
plan skip_all => "there is no $no" if $no;

# It is never started: it lends a database, ports, and its helpers.
my $g = Guerdon::Stack->new(start => 0);
my $top = Guerdon::Stack::top();
my $root = $g->{home};
my $home = "$root/var/lib/guerdon";
my $etc = "$root/etc/guerdon";
my $conf = "$etc/guerdon.conf";
my @pids;
END {
	my $status = $?;
	kill 'TERM', @pids;
	waitpid $_, 0 for @pids;
	$? = $status;
}

sub must { my ($out, $status) = $g->run(@_);
    is($status, 0, "$_[0] $_[-1]") or diag($out); return $out }
sub spill {
	my ($path, $text) = @_;
	open my $fh, '>', $path or die "$path: $!";
	print $fh $text;
	close $fh or die "$path: $!";
}

# Users and folders, in a tree of their own.
chmod 0755, $root;
make_path("$root/etc/sysusers.d", "$root/etc/tmpfiles.d", "$root/bin");
copy("$top/contrib/systemd/guerdon.$_", "$root/etc/$_.d/guerdon.conf") or die
    for qw(sysusers tmpfiles);
must('systemd-sysusers', "--root=$root", 'guerdon.conf');
must('systemd-tmpfiles', "--root=$root", '--create', 'guerdon.conf');
my %uid = Guerdon::Stack::slurp("$root/etc/passwd") =~ /^([^:]+):[^:]*:(\d+)/mg;
my %gid = Guerdon::Stack::slurp("$root/etc/group") =~ /^([^:]+):[^:]*:(\d+)/mg;
my %member = map { my $user = $_; $user => [map { /^([^:]+):[^:]*:\d+:(\S+)/ &&
    grep({ $_ eq $user } split /,/, $2) ? $gid{$1} : () } split /\n/,
    Guerdon::Stack::slurp("$root/etc/group")] } keys %uid;
my @users = map { "guerdon-$_" } qw(gw auth event web);
is(scalar(grep { $uid{$_} } @users), 4, 'four users');

# spawn-fcgi wants a path.
chomp(my $setpriv = qx(sh -c 'command -v setpriv'));

# The words that run a command as one of them, or as nobody.
sub as {
	my ($user, @command) = @_;
	my ($uid, $gid) = $user eq 'nobody' ? (65534, 65534) :
	    ($uid{$user}, $gid{$user});
	my $groups = join ',', $gid, @{$member{$user} // []};

	return ($setpriv, "--reuid=$uid", "--regid=$gid",
	    "--groups=$groups", @command);
}

# What make install puts where all can read it.
for my $name (qw(fcgi-gw fcgi-auth fcgi-event guerdon)) {
	copy(Guerdon::Stack::build() . "/bin/$name", "$root/bin/$name") or die;
	chmod 0755, "$root/bin/$name";
}
for my $name (qw(auth event)) {
	make_path("$root/share/fcgi-$name");
	copy("$top/fcgi-$name/api.json", "$root/share/fcgi-$name/api.json")
	    or die;
}
copy("$top/lighttpd.conf", "$root/share/lighttpd.conf") or die;
copy("$top/contrib/systemd/lighttpd.d/scratch.conf",
    "$home/lighttpd.d/scratch.conf") or die;
make_path("$root/swagger");
spill($conf, join '', map { "$_\n" } "home = $home", "share = $root/share",
    "shared = $home/shm", "mongo_uri = $g->{uri}", "mongo_db = $g->{db}",
    "peer_users = $uid{'guerdon-gw'} $uid{'guerdon-web'}");
chown 0, $gid{guerdon}, $conf;
chmod 0640, $conf;

# Root makes the secrets, for those who are to read them.
my @guerdon = ("$root/bin/guerdon", '-c', $conf);
must(@guerdon, 'init');
my ($credential) = must(@guerdon, 'service', 'rotate') =~ /^(\{.*\})$/m;
sub mode {
	my @stat = stat "$home/$_[0]";
	return sprintf '%04o %d:%d', $stat[2] & 07777, @stat[4, 5];
}
is(mode("keys/$_"), "0640 0:$gid{guerdon}", "keys/$_ is for all workers")
    for qw(node.key cursor.key service);
my $auths = "$uid{'guerdon-auth'}:$gid{'guerdon-auth'}";
is(mode("keys/auth/$_"), "0600 $auths", "keys/auth/$_ is for auth alone")
    for qw(refresh.key factor.key), map { s{.*/auth/}{}r }
    glob "$home/keys/auth/token/*.key";
is(mode('keys'), "0750 0:$gid{guerdon}", 'the folder stays as it was made');
must(@guerdon, 'check-config');

for my $case (['another group', sub { chown 0, $gid{'guerdon-web'}, $_[0] }],
    ['its owner', sub { chown $uid{'guerdon-gw'}, $gid{guerdon}, $_[0] }],
    ['all who read', sub { chmod 0644, $_[0] }],
    ['a group that writes', sub { chmod 0660, $_[0] }]) {
	my $path = "$home/keys/node.key";

	$case->[1]->($path);
	my ($out, $code) = $g->run(@guerdon, 'check-config');
	ok($code == 1 && $out =~ /node\.key: others may read/,
	    "a key for $case->[0] is refused") or diag($out);
	chown 0, $gid{guerdon}, $path;
	chmod 0640, $path;
}
must(@guerdon, 'check-config');

# The pools, as the units start them, and lighttpd.
sub start {
	my ($log, @command) = @_;
	my $pid = fork // die "fork: $!";

	if ($pid == 0) {
		$ENV{MONGOC_DISABLE_SHM} = 1;
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', "$root/$log.log" or POSIX::_exit(126);
		open STDERR, '>&', \*STDOUT;
		chdir $home;
		exec @command or POSIX::_exit(127);
	}
	push @pids, $pid;
}
my %group = (gw => 'guerdon-web', auth => 'guerdon-inner',
    event => 'guerdon-inner');
for my $pool (qw(event auth gw)) {
	start($pool, 'spawn-fcgi', '-n', '-s', "$home/run/fcgi-$pool.sock",
	    '-M', '0660', '-U', $uid{"guerdon-$pool"}, '-G',
	    $gid{$group{$pool}}, '-b', 4096, '--', as("guerdon-$pool",
	    'multiwatch', '-s', 'TERM', '-f',
	    $pool eq 'gw' ? 2 : 4, '--', "$root/bin/fcgi-$pool", '-c', $conf));
}
{
	local $ENV{PATH} = "$ENV{PATH}:/usr/sbin";
	my %env = (HOME => $home, BIND => '127.0.0.1', SWAGGER =>
	    "$root/swagger", map { (uc($_) . '_PORT' => $g->{port}{$_}) }
	    qw(http auth event ops));
	start('web', 'env', (map { "GUERDON_$_=$env{$_}" } keys %env),
	    as('guerdon-web', 'lighttpd', '-D', '-f',
	    "$root/share/lighttpd.conf"));
}
sub ask {
	my ($method, $path, %o) = @_;
	return http(port => $g->{port}{$o{on} // 'http'}, method => $method,
	    path => $path, %o);
}
ok($g->wait_for(sub { (eval { ask(GET => '/readyz', on => 'ops')->status }
    // 0) == 200 }, 20), 'the stack gets ready') or
    diag(map { "$_: " . Guerdon::Stack::slurp("$root/$_.log") }
	qw(gw auth event web));

# It does its work.
sub call {
	my ($method, $path, $json, $token, $on) = @_;
	return ask($method, $path, on => $on // 'http', headers => [
	    $json ? ('Content-Type', 'application/json') : (),
	    $token ? ('Authorization', $token) : ()],
	    body => $json ? $Guerdon::Stack::json->encode($json) : undef);
}
my %who = (email => 'ada@example.org', password => 'correct horse battery');
is(call(POST => '/v1/users', {%who, name => 'Ada'})->status, 201,
    'a user signs up');
my $token = 'Bearer ' . (call(POST => '/v1/auth/login', {%who})
    ->get('accessToken') // '');
is(call(GET => '/v1/events', undef, $token)->status, 200,
    '... and lists events');
my ($key) = glob "$home/keys/auth/token/*.key";
must(@guerdon, 'key', 'rotate');
is(scalar(grep { (stat)[4] == $uid{'guerdon-auth'} }
    glob "$home/keys/auth/token/*.key"), 2, 'a new key is of auth, too');

# The processes are what they should be.
for my $pool (qw(gw auth event)) {
	my @workers = grep { (readlink "$_/exe" // '') eq
	    "$root/bin/fcgi-$pool" } glob '/proc/[0-9]*';
	is(join(' ', sort { $a <=> $b } keys %{{map { (stat)[4] => 1 }
	    @workers}}), $uid{"guerdon-$pool"}, "fcgi-$pool: its own user");
}

# Who reaches which socket, and which files.
sub can {
	my ($user, $what, $path) = @_;
	my %code = (connect => 'use IO::Socket::UNIX; $s =
		IO::Socket::UNIX->new(Peer => $ARGV[0]) or exit 1;
		$SIG{PIPE} = "IGNORE"; syswrite $s, pack "H*",
		"0101000100080000000100000000000001040001000000000105000100000000";
		exit !sysread $s, $b, 8',
	    read => 'open F, "<", $ARGV[0] or exit 1',
	    make => 'open F, ">", "$ARGV[0]/intruder.$$" or exit 1;
		unlink "$ARGV[0]/intruder.$$"');
	return (($g->run(as($user, $^X, '-e', $code{$what}, $path)))[1] == 0) ?
	    'yes' : 'no';
}
my @all = (@users, 'nobody');
for my $row (
    ['connect', 'run/fcgi-gw.sock', qw(yes no no yes no)],
    ['connect', 'run/fcgi-auth.sock', qw(yes yes no yes no)],
    ['connect', 'run/fcgi-event.sock', qw(yes no yes yes no)],
    ['read', 'keys/node.key', qw(yes yes yes no no)],
    ['read', 'keys/auth/refresh.key', qw(no yes no no no)],
    ['read', $key =~ s{^\Q$home/}{}r, qw(no yes no no no)],
    ['read', '../../../etc/guerdon/guerdon.conf', qw(yes yes yes no no)],
    ['make', 'run', qw(no no no no no)],
    ['make', 'keys', qw(no no no no no)],
    ['make', 'data/spool', qw(no no yes no no)],
    ['make', 'shm', qw(yes yes yes no no)],
    ['make', 'web', qw(no no no yes no)],
    ['make', 'log', qw(no no no yes no)]) {
	my ($what, $path, @want) = @$row;
	is(join(' ', map { "$_ " . can($_, $what, "$home/$path") } @all),
	    join(' ', map { "$all[$_] $want[$_]" } 0 .. $#all),
	    "$what $path");
}

# The doctor agrees, and the sweep runs as one of them.
SKIP: {
	skip 'sanitizers take the sandbox away', 3
	    if Guerdon::Stack::build() =~ /asan|valgrind/;
	my $out = must(@guerdon, 'doctor');
	like($out, qr/^ok +users of the workers: each kind has its own$/m,
	    '... says that they are apart');
	unlike($out, qr/^FAILED/m, '... and that nothing failed') or diag($out);
}
must(as('guerdon-event', @guerdon), 'sweep');

done_testing;
