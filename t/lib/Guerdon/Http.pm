# SPDX-License-Identifier: BSD-2-Clause
package Guerdon::Http;

# A small HTTP/1.1 client that sends what it is told and nothing else.  It
# normalises no path, no header name and no body, and it drives many
# connections at once from one process.  Each request has a connection of its
# own, which ends with the answer: so every byte after the head is seen.

use strict;
use warnings;
use Errno qw(EAGAIN EINPROGRESS EINTR EWOULDBLOCK);
use Exporter qw(import);
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_ERROR);
use Time::HiRes qw(time);
use Guerdon::Response;

our @EXPORT_OK = qw(http http_all http_drive http_text);

# The bytes of a request:
#	method, path	as they are; GET by default
#	headers		[name, value, ...], as they are
#	body		bytes; Content-Length is added if it is defined
#	chunks		[bytes, ...]: sent with Transfer-Encoding: chunked
#	raw		the whole request; all of the above is ignored
sub http_text {
	my ($req) = @_;
	my ($method, $body) = ($req->{method} // 'GET', $req->{body});
	my @headers = @{$req->{headers} // []};
	my $text;

	return $req->{raw} if defined $req->{raw};
	$text = "$method $req->{path} HTTP/1.1\r\n" .
	    "Host: 127.0.0.1:$req->{port}\r\nConnection: close\r\n";
	while (my ($name, $value) = splice @headers, 0, 2) {
		$text .= "$name: $value\r\n";
	}
	if ($req->{chunks}) {
		$text .= "Transfer-Encoding: chunked\r\n\r\n";
		$text .= sprintf("%x\r\n%s\r\n", length $_, $_)
		    for @{$req->{chunks}};
		return "${text}0\r\n\r\n";
	}
	# A POST says how long it is even if it is empty.
	$body //= '' if $method =~ /^(?:POST|PUT|PATCH)$/;
	$text .= 'Content-Length: ' . length($body) . "\r\n"
	    if defined $body && !$req->{no_length};
	return "$text\r\n" . ($body // '');
}

sub begin {
	my ($req) = @_;
	my $fh = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $req->{port}, Proto => 'tcp', Blocking => 0);

	return {req => $req, fh => $fh, out => http_text($req), in => '',
	    at => time, error => $fh ? undef : "connect: $!"};
}

# A few more bytes out; when all are sent the connection is only read.
sub push_out {
	my ($c) = @_;
	my $n = syswrite $c->{fh}, $c->{out};

	if (defined $n) {
		substr($c->{out}, 0, $n, '');
	} elsif ($! != EAGAIN && $! != EWOULDBLOCK && $! != EINTR) {
		# The answer may be there already: 413 comes early.
		$c->{broken} = "send: $!";
		$c->{out} = '';
	}
}

# More bytes in; true when the peer has closed.
sub pull_in {
	my ($c) = @_;
	my $n = sysread $c->{fh}, $c->{in}, 65536, length $c->{in};

	return 0 if !defined $n &&
	    ($! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR);
	$c->{error} = "receive: $!" if !defined $n && $c->{in} eq '';
	return !$n;
}

sub finish {
	my ($c) = @_;

	close $c->{fh} if $c->{fh};
	$c->{error} //= $c->{broken} if $c->{in} eq '';
	return Guerdon::Response->new($c->{req}, $c->{in}, $c->{error},
	    $c->{at}, time);
}

# One turn of select over all connections; those that are done.
sub turn {
	my ($open, $wait) = @_;
	my ($rin, $win, @done) = ('', '');

	for my $c (values %$open) {
		my $fd = fileno $c->{fh};
		vec($rin, $fd, 1) = 1;
		vec($win, $fd, 1) = 1 if $c->{out} ne '';
	}
	my $n = select my $r = $rin, my $w = $win, undef, $wait;
	return () if $n < 0;
	for my $c (values %$open) {
		my $fd = fileno $c->{fh};
		push_out($c) if $c->{out} ne '' && vec($w, $fd, 1);
		push @done, $c if vec($r, $fd, 1) && pull_in($c);
	}
	my $now = time;
	for my $c (values %$open) {
		my $most = $c->{req}{timeout} // 20;
		next if $now - $c->{at} < $most || grep { $_ == $c } @done;
		$c->{error} = "no answer in $most s";
		push @done, $c;
	}
	return @done;
}

# Drive requests, at most ${at} at a time:
#	next	gives the next request, undef when there are no more for now
#	done	is called with each request and its answer
#	tick	is called about every 10 ms; true means stop asking for more
#	until	seconds; after that no more requests are begun
sub http_drive {
	my (%o) = @_;
	my ($at, $end, $over) = ($o{at} // 8, time + ($o{until} // 60), 0);
	my %open;

	local $SIG{PIPE} = 'IGNORE';
	for (;;) {
		$over ||= time > $end;
		while (!$over && keys %open < $at) {
			my $req = $o{next}->() // last;
			my $c = begin($req);
			if ($c->{fh}) {
				$open{fileno $c->{fh}} = $c;
			} else {
				$o{done}->($req, finish($c));
			}
		}
		last if !%open && ($over || !$o{tick});
		for my $c (turn(\%open, 0.01)) {
			delete $open{fileno $c->{fh}};
			$o{done}->($c->{req}, finish($c));
		}
		$over ||= $o{tick}->() if $o{tick};
	}
}

# All of these requests at once: connect them all, then send.
sub http_all {
	my @open = map { begin($_) } @_;
	my @answers;
	my %open;

	local $SIG{PIPE} = 'IGNORE';
	for my $i (0 .. $#open) {
		$open[$i]{index} = $i;
		if ($open[$i]{fh}) {
			$open{$i} = $open[$i];
		} else {
			$answers[$i] = finish($open[$i]);
		}
	}
	while (%open) {
		for my $c (turn(\%open, 0.05)) {
			delete $open{$c->{index}};
			$answers[$c->{index}] = finish($c);
		}
	}
	return @answers;
}

# One request, by name => value or as a hash.
sub http {
	my $req = ref $_[0] ? $_[0] : {@_};

	return (http_all($req))[0];
}

1;
