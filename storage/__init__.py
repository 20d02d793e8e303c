"""What is kept: tables, migrations, queries and data feeds."""
