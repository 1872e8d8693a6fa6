#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# The units of contrib/systemd on a machine that boots: a container with a
# systemd of its own, installed by the commands of contrib/systemd/README.md.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use Guerdon::Assert;
use Guerdon::Http qw(http);
use Guerdon::Stack;

plan skip_all => 'only root can boot a container' if $> != 0;
my $boot = $ENV{GUERDON_BOOT} or
    plan skip_all => 'GUERDON_BOOT names no folder of t/boot/setup';
system('command -v systemd-nspawn >/dev/null 2>&1') == 0 or
    plan skip_all => 'there is no systemd-nspawn';

my $build = Guerdon::Stack::build();
qx(ldd "$build/bin/fcgi-gw") =~ /lib(?:a|ub)san/ and
    plan skip_all => 'a build with sanitizers finds no libraries there';

# It is never started: it lends a database, ports, and its helpers.
my $g = Guerdon::Stack->new(start => 0);
my $top = Guerdon::Stack::top();
my $root = "$g->{home}/root";
my ($machine, $init);
END {
	my $status = $?;
	if ($machine) {
		# It shuts down in good order, and is gone after 15 s anyway.
		kill TERM => $machine;
		for (1 .. 150) {
			waitpid($machine, POSIX::WNOHANG()) and last;
			sleep 0.1;
			kill KILL => $machine if $_ == 150;
		}
	}
	$? = $status;
}

sub spill {
	my ($path, $text) = @_;
	open my $fh, '>', $path or die "$path: $!";
	print $fh $text;
	close $fh or die "$path: $!";
}
sub host { my ($out, $status) = $g->run(@_);
    is($status, 0, join ' ', @_[0 .. ($#_ > 1 ? 1 : $#_)]) or diag($out) }

# The machine, and what make install gives it.
mkdir $root or die "$root: $!";
host('tar', '-xf', "$boot/root.tar", '-C', $root, '--exclude=./dev/*');
host('make', '-s', '-C', $build, 'install', "DESTDIR=$root");
host('cp', '-r', "$top/contrib", "$root/srv/contrib");

# By its commands, but for what needs a network or a person.
my ($steps) = Guerdon::Stack::slurp("$top/contrib/systemd/README.md") =~
    /^```sh\n(.*?)^```$/ms;
my %conf = (home => '/var/lib/guerdon', shared => '/var/lib/guerdon/shm',
    peer_users => 'guerdon-gw guerdon-web', mongo_uri => $g->{uri},
    mongo_db => $g->{db});
my %port = map { ('GUERDON_' . uc($_) . '_PORT' => $g->{port}{$_}) }
    keys %{$g->{port}};
my $edit = join ' ', 'sed -i',
    (map { "-e 's|^#*$_ = .*|$_ = $conf{$_}|'" } sort keys %conf),
    '/etc/guerdon/guerdon.conf; sed -i',
    (map { "-e 's|^$_=.*|$_=$port{$_}|'" } sort keys %port),
    '/etc/guerdon/guerdon.env';
ok($steps =~ s/^apt-get .*\n//m && $steps =~ s/^swagger.*\n//m &&
    $steps =~ s/^\$EDITOR.*\n\s*#.*\n/$edit\n/m, 'the steps are known') or
    diag($steps);
spill("$root/srv/steps", "set -ex\ncd /srv\nexport SYSTEMD_PAGER= " .
    "PATH=/usr/local/bin:/usr/sbin:/usr/bin\n$steps");

sub boot {
	my $pid = fork // die "fork: $!";

	if ($pid == 0) {
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', "$g->{home}/boot.log" or POSIX::_exit(126);
		open STDERR, '>&', \*STDOUT;
		# Landlock is not on the list of what it allows by itself.
		exec 'systemd-nspawn', '--directory', $root, '--boot',
		    '--console=pipe', '--register=no', '--keep-unit',
		    '--resolv-conf=off', '--timezone=off', "--machine=g$$",
		    '--system-call-filter=landlock_create_ruleset ' .
		    'landlock_add_rule landlock_restrict_self' or
		    POSIX::_exit(127);
	}
	return $pid;
}

# Run a command there, as root: its output and its status.
sub inside {
	return $g->run('nsenter', '-t', $init, '-m', '-p', '-u', '-i', '-C',
	    '--root', '--wd=/', '--', @_);
}
sub must { my ($out, $status) = inside(@_);
    is($status, 0, "@_") or diag($out); return $out }

$machine = boot();
$g->wait_for(sub {
	($init) = split ' ', Guerdon::Stack::slurp(
	    "/proc/$machine/task/$machine/children") // '';
	return $init && (inside('systemctl', 'is-system-running'))[0] =~
	    /^(?:running|degraded)/;
}, 30);
unless (ok($init, 'it boots')) {
	diag(Guerdon::Stack::slurp("$g->{home}/boot.log"));
	done_testing;
	exit 1;
}
must('sh', '/srv/steps');

# From outside: the container has the network of its host.
sub ask {
	my ($method, $path, %o) = @_;
	return http(port => $g->{port}{$o{on} // 'http'}, method => $method,
	    path => $path, %o);
}
sub call {
	my ($method, $path, $token, $json) = @_;
	return ask($method, $path, headers => [$json ?
	    ('Content-Type', 'application/json') : (), $token ?
	    ('Authorization', "Bearer $token") : ()], body => $json ?
	    $Guerdon::Stack::json->encode($json) : undef);
}
ok($g->wait_for(sub { (eval { ask(GET => '/readyz', on => 'ops')->status }
    // 0) == 200 }, 20), 'the stack gets ready') or
    diag((inside('journalctl', '--no-pager', '-n', 100))[0]);

# A claim.
my $password = 'correct horse battery';
my ($out, $status) = inside('sh', '-c', "echo '$password' | " .
    '/usr/local/bin/guerdon -c /etc/guerdon/guerdon.conf user add ' .
    '--role OPERATOR --name Ops --email ops@example.org --password-stdin');
is($status, 0, 'guerdon user add') or diag($out);
my %ada = (email => 'ada@example.org', password => $password);
is_status(call(POST => '/v1/users', undef, {%ada, name => 'Ada'}), 201,
    'a user signs up');
my ($operator, $user) = map { call(POST => '/v1/auth/login', undef, {email =>
    $_, password => $password})->get('accessToken') } 'ops@example.org',
    $ada{email};
my $event = call(POST => '/v1/events', $operator, {title => 'Boot',
    startsAt => '2026-01-01T00:00:00Z', endsAt => '2036-01-01T00:00:00Z',
    rewards => [{type => 'POINT', name => '1 point', quantity => 1}]});
is_status($event, 201, 'an operator publishes an event');
my $path = '/v1/events/' . $event->get('eventId');
is_status(call(POST => "$path/claims", $user, {}), 201, 'a user claims');

# Restarts and reloads refuse nobody.
sub pids { return join ' ', sort split ' ', (inside('pgrep', '-f',
    "^/usr/local/bin/fcgi-$_[0]"))[0] }
for (['restart', 'event'], ['restart', 'auth'], ['restart', 'gw'],
    ['reload', 'auth'], ['reload', 'event'], ['reload', 'gw']) {
	my ($verb, $pool) = @$_;
	my $before = pids($pool);
	my %got;
	my $pid = fork // die "fork: $!";

	if ($pid == 0) {
		inside('systemctl', $verb, "guerdon\@$pool");
		POSIX::_exit($? >> 8);
	}
	my $end = time + 15;
	my $ended = 0;
	for (my $more = 20; $more > 0 && time < $end; $more -= $ended) {
		$got{call(GET => $path, $user)->status}++;
		$ended ||= waitpid($pid, POSIX::WNOHANG()) == $pid;
	}
	is(join(' ', sort keys %got), '200', "$verb of $pool refuses nobody");
	($verb eq 'reload' ? \&is : \&isnt)->(pids($pool), $before,
	    $verb eq 'reload' ? '... the same workers' : '... new workers');
}

# The sweep, and its timer.
must('systemctl', 'start', 'guerdon-sweep.service');
is(must('systemctl', 'show', '-P', 'Result', 'guerdon-sweep.service'),
    "success\n", 'the sweep has done its work');
is(must('systemctl', 'is-active', 'guerdon-sweep.timer'), "active\n",
    'its timer runs');

# The end.
must('systemctl', 'stop', 'guerdon-sweep.timer', 'guerdon-web',
    map { ("guerdon\@$_.socket", "guerdon\@$_.service") } qw(gw event auth));
for my $unit ('guerdon-web', map { "guerdon\@$_.service" } qw(gw auth event)) {
	is((inside('systemctl', 'show', '-P', 'Result', $unit))[0],
	    "success\n", "$unit has ended well");
}
is(pids('gw') . pids('auth') . pids('event'), '', 'no worker is left');
my ($log) = inside('journalctl', '--no-pager', '-o', 'cat');
unlike($log, qr/"level":"error"/, 'no worker has logged an error');

done_testing;
