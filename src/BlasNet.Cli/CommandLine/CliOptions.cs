using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace BlasNet.Cli.CommandLine;

/// <summary>A value under the name by which it is chosen.</summary>
internal sealed record Named<T>(string Name, T Value)
{
    public override string ToString() => Name;
}

/// <summary>A list of integers, written <c>256,128</c>.</summary>
internal sealed record Sizes(IReadOnlyList<int> Values)
{
    public override string ToString() => string.Join(',', Values);
}

/// <summary>Makes options whose values are checked while the command line is parsed, with errors that name option, value and rule.</summary>
internal static class CliOptions
{
    /// <summary>An integer within bounds.</summary>
    public static Option<int> Integer(string name, string description, int byDefault, int minimum, int maximum) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => byDefault,
        CustomParser = argument => ParseInteger(argument, name, argument.Tokens[0].Value, minimum, maximum),
    };

    /// <summary>An integer within bounds, or none.</summary>
    public static Option<int?> OptionalInteger(string name, string description, int minimum, int maximum) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = argument => ParseInteger(argument, name, argument.Tokens[0].Value, minimum, maximum),
    };

    /// <summary>An integer from 1 on, or <c>auto</c>, whose value is 0.</summary>
    public static Option<int> CountOrAuto(string name, string description, int maximum) => new(name)
    {
        Description = $"{description} [default: auto]",
        HelpName = "N|auto",
        CustomParser = argument => argument.Tokens[0].Value.Equals("auto", StringComparison.OrdinalIgnoreCase)
            ? 0
            : ParseInteger(argument, name, argument.Tokens[0].Value, 1, maximum),
    };

    /// <summary>A number of bytes, written <c>64MB</c>: B, KB, MB or GB, each 1024 times the one before.</summary>
    public static Option<long?> Bytes(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SIZE",
        CustomParser = argument =>
        {
            string text = argument.Tokens[0].Value.ToUpperInvariant();
            int digits = text.TakeWhile(c => char.IsAsciiDigit(c) || c == '.').Count();
            int power = Array.IndexOf(["B", "KB", "MB", "GB"], text[digits..]);
            if (power >= 0 && double.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
                && number * Math.Pow(1024, power) is >= 1 and < long.MaxValue)
                return (long)(number * Math.Pow(1024, power));

            argument.AddError($"{name} {argument.Tokens[0].Value}: must be a number above 0 with its unit, B, KB, MB or GB, as 64MB.");
            return null;
        },
    };

    /// <summary>A number above 0.</summary>
    /// <param name="name">With both dashes.</param>
    /// <param name="description">Says what happens without the option.</param>
    public static Option<double?> PositiveNumber(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "X",
        CustomParser = argument =>
        {
            string text = argument.Tokens[0].Value;
            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value > 0 && double.IsFinite(value))
                return value;

            argument.AddError($"{name} {text}: must be a number above 0.");
            return null;
        },
    };

    /// <summary>One of some names; the first is the default.</summary>
    public static Option<Named<T>> Choice<T>(string name, string description, params Named<T>[] choices)
    {
        string names = string.Join('|', choices.Select(choice => choice.Name));
        var option = new Option<Named<T>>(name)
        {
            Description = description,
            HelpName = names,
            DefaultValueFactory = _ => choices[0],
            CustomParser = argument =>
            {
                string text = argument.Tokens[0].Value;
                Named<T>? chosen = Array.Find(choices, choice => choice.Name.Equals(text, StringComparison.OrdinalIgnoreCase));
                if (chosen is null)
                    argument.AddError($"{name} {text}: must be one of {names.Replace("|", ", ", StringComparison.Ordinal)}.");

                return chosen;
            },
        };
        option.CompletionSources.Add(_ => choices.Select(choice => new System.CommandLine.Completions.CompletionItem(choice.Name)));
        return option;
    }

    /// <summary>Whole numbers within bounds, separated by commas.</summary>
    public static Option<Sizes> Integers(string name, string description, IReadOnlyList<int> byDefault, int minimum, int maximum) => new(name)
    {
        Description = description,
        HelpName = "N,N,...",
        DefaultValueFactory = _ => new Sizes(byDefault),
        CustomParser = argument => new Sizes(
            [.. argument.Tokens[0].Value.Split(',').Select(text => ParseInteger(argument, name, text, minimum, maximum))]),
    };

    /// <summary>The name of a file; whether it can be used is seen when it is.</summary>
    public static Option<string?> FileName(string name, string description, string helpName = "FILE") => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = argument =>
        {
            string file = argument.Tokens[0].Value;
            if (file.Length > 0)
                return file;

            argument.AddError($"{name}: the name of a file is expected, not an empty one.");
            return null;
        },
    };

    public static Option<bool> Json() => new("--json") { Description = "Print one JSON object per line, the last one a summary, and no progress." };

    public static Option<Named<bool>> Batching() => Choice(
        "--batching", "Merge the examples of a pass into matrix-matrix products, or compute each by itself.", new Named<bool>("on", true), new("off", false));

    public static Option<Named<GemmKernels>> Gemm() => Choice(
        "--gemm", "Who computes matrix products: OpenBLAS, the managed packed kernels, or whichever is faster for the shape.",
        new Named<GemmKernels>("auto", GemmKernels.Auto), new("openblas", GemmKernels.OpenBlas), new("packed", GemmKernels.Packed));

    /// <summary>What these options come to.</summary>
    /// <exception cref="CommandException">OpenBLAS alone is asked for, and there is none.</exception>
    public static ComputeOptions ComputeOf(GemmKernels kernels, int threads, bool batching = true)
    {
        try
        {
            return new ComputeOptions { Kernels = kernels, Threads = threads, Batching = batching };
        }
        catch (DllNotFoundException e)
        {
            throw new CommandException($"--gemm openblas: {e.Message}");
        }
    }

    public static Option<int> Threads() => Integer(
        "--threads", "Threads for one matrix product; at most one for each processor.", byDefault: 1, 1, Environment.ProcessorCount);

    public static Option<int> Seed() => Integer(
        "--seed", "First parameters, order of examples and dropout follow from it.", byDefault: 1, int.MinValue, int.MaxValue);

    /// <summary>What was given for an option, to be compared with others; nothing where it was not given, or is wrong by itself, which is told anyway.</summary>
    public static T? GivenValue<T>(this CommandResult result, Option<T> option)
    {
        try
        {
            return result.GetResult(option) is null ? default : result.GetValue(option);
        }
        catch (InvalidOperationException)
        {
            return default;
        }
    }

    private static int ParseInteger(ArgumentResult argument, string name, string text, int minimum, int maximum)
    {
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) || value < minimum || value > maximum)
            argument.AddError($"{name} {text}: must be a whole number from {minimum} to {maximum}.");

        return value;
    }
}
