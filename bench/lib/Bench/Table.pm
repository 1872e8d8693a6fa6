# SPDX-License-Identifier: BSD-2-Clause
package Bench::Table;

# The results of bench/run as text.

use strict;
use warnings;

# Rows of cells to lines; the first column is text, the others numbers.
sub columns {
	my @rows = @_;
	my @width;

	for my $row (@rows) {
		for my $i (0 .. $#$row) {
			my $length = length $row->[$i];
			$width[$i] = $length
			    if !defined $width[$i] || $length > $width[$i];
		}
	}
	return map {
		my $row = $_;
		my $line = join '  ', map { sprintf '%*s',
		    $_ == 0 ? -$width[$_] : $width[$_], $row->[$_] }
		    0 .. $#$row;
		$line =~ s/ +$//r . "\n";
	} @rows;
}

# A number with three digits that count.
sub short {
	my ($n) = @_;

	return '-' if !defined $n;
	return sprintf $n >= 100 ? '%.0f' : $n >= 10 ? '%.1f' : '%.2f', $n;
}

sub commands {
	my ($counts) = @_;

	return '-' if !$counts;
	my $text = join ', ', map { sprintf '%s %.2f', $_, $counts->{$_} }
	    grep { $counts->{$_} >= 0.005 } sort keys %$counts;
	return $text eq '' ? 'none' : $text;
}

sub operations {
	my ($data) = @_;
	my @groups = @Bench::groups;
	my @rows = (['', 'conns', 'req/s', 'p50 ms', 'p99 ms', @groups,
	    'ceiling', 'ratio', 'wanted']);

	for my $name (@{$data->{order}}) {
		my $op = $data->{operations}{$name};
		for my $c (sort { $a <=> $b } keys %{$op->{connections}}) {
			my $row = $op->{connections}{$c};
			push @rows, [$name, $c, short($row->{rate}),
			    short($row->{p50}), short($row->{p99}),
			    (map { sprintf '%.0f', $row->{cpu}{$_} } @groups),
			    short($row->{ceiling}),
			    sprintf('%.2f', $row->{ratio}),
			    $c == 16 ? $op->{target} // '' : ''];
		}
	}
	return columns(@rows);
}

sub text {
	my ($data) = @_;
	my ($m, $memory) = @$data{qw(machine memory)};
	my $out = "$m->{processor}, $m->{cores} cores, $m->{memory_gib} GiB, " .
	    "Linux $m->{kernel}; load before: $m->{load_before}\n\n";

	$out .= "Times of $data->{rounds} rounds of $data->{seconds} s, " .
	    "medians; microseconds of processor time per request\n";
	$out .= join '', operations($data);
	$out .= "\nCommands to the database per request, 16 connections\n";
	$out .= join '', columns(map { ["$_:",
	    commands($data->{operations}{$_}{commands})] } @{$data->{order}});
	$out .= "\nCeilings without HTTP, operations/s\n";
	$out .= join '', columns(map { ["$_:", short($data->{ceilings}{$_})] }
	    sort keys %{$data->{ceilings}});
	$out .= "\nMemory (PSS), MiB\n";
	$out .= join '', columns(['', qw(processes lighttpd gw auth event all)],
	    map { my $k = $_; [$k, $memory->{$k}{processes}, map {
	    sprintf '%.1f', $memory->{$k}{$_} } qw(lighttpd gw auth event all)]
	    } qw(idle loaded));
	$out .= sprintf "\nStart to first 200: %.0f ms; tools/stack start: " .
	    "%.0f ms\n", @{$data->{start}}{qw(first command)};
	$out .= sprintf "Took %d s; %d claims, none lost, none twice\n",
	    $data->{took}, $data->{claims};
	return $out;
}

1;
