# SPDX-License-Identifier: BSD-2-Clause
package Guerdon::Contract;

# The two api.json, read: tests are generated from them.

use strict;
use warnings;
use Exporter qw(import);
use JSON::PP ();
use Guerdon::Stack;

our @EXPORT = qw(contract operations paths deref);

my @methods = qw(get post put patch delete);
my %documents;

# contract("auth"): the document of fcgi-auth.
sub contract {
	my ($name) = @_;
	my $path = Guerdon::Stack::top() . "/fcgi-$name/api.json";

	return $documents{$name} //= JSON::PP->new->utf8->decode(
	    Guerdon::Stack::slurp($path));
}

# The operations of one, or of both: service, path, method, id, roles, the
# booleans public, subject, own, if_match, audit, and node, the JSON object.
sub operations {
	my @names = @_ ? @_ : qw(auth event);
	my @out;

	for my $name (@names) {
		my $paths = contract($name)->{paths};
		for my $path (sort keys %$paths) {
			push @out, map { operation($name, $path, $_) }
			    grep { $paths->{$path}{$_} } @methods;
		}
	}
	return @out;
}

sub operation {
	my ($name, $path, $method) = @_;
	my $node = contract($name)->{paths}{$path}{$method};

	return {service => $name, path => $path, method => uc $method,
	    node => $node, id => $node->{operationId},
	    roles => $node->{'x-roles'} // [],
	    public => !!$node->{'x-public'}, subject => !!$node->{'x-subject'},
	    own => ($node->{'x-scope'} // '') eq 'own',
	    if_match => !!$node->{'x-if-match'}, audit => !!$node->{'x-audit'},
	    media => [sort keys %{($node->{requestBody} // {})->{content} // {}}]};
}

# {path => [methods]}, of the public operations or of one service's all.
sub paths {
	my ($what) = @_;
	my %out;

	for my $op ($what eq 'public' ? grep { $_->{public} } operations() :
	    operations($what)) {
		push @{$out{$op->{path}}}, $op->{method};
	}
	return \%out;
}

# Follow a $ref.
sub deref {
	my ($name, $node) = @_;

	while (ref $node eq 'HASH' && defined $node->{'$ref'}) {
		my ($at, @parts) = split m{/}, $node->{'$ref'};
		$node = contract($name);
		$node = ref $node eq 'HASH' ? $node->{$_} : undef for @parts;
	}
	return $node;
}

1;
