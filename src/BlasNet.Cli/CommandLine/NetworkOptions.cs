using System.CommandLine;
using System.Globalization;
using BlasNet.Cli.Scaling;

namespace BlasNet.Cli.CommandLine;

/// <summary>The options that say how fast a network is, with units as vendors write them.</summary>
internal sealed class NetworkOptions
{
    private static readonly (string Unit, double BytesPerSecond)[] Rates =
    [
        ("Kb", 125), ("Mb", 125e3), ("Gb", 125e6), ("Tb", 125e9), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9),
    ];

    private static readonly (string Unit, double Seconds)[] Times = [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1)];

    private readonly Option<double?> _rate = Quantity(
        "--network", "RATE", Rates, "a rate above 0 with its unit: bits a second, as 10Gb (Kb, Mb, Gb, Tb), or bytes a second, as 1.25GB (KB, MB, GB)",
        "What a rank can send in a second, and receive at the same time: 10Gb, or 1.25GB.");

    private readonly Option<double?> _latency = Quantity(
        "--latency", "TIME", Times, "a time above 0 with its unit, ns, us, ms or s, as 20us",
        "From the start of a short message on one rank to its end on another, the software's part included: 20us.");

    public IEnumerable<Option> All => [_rate, _latency];

    public NetworkChoice ChoiceOf(ParseResult options) => new(options.GetValue(_latency), options.GetValue(_rate));

    private static Option<double?> Quantity(string name, string help, (string Unit, double Factor)[] units, string rule, string description) => new(name)
    {
        Description = description,
        HelpName = help,
        CustomParser = argument =>
        {
            string text = argument.Tokens[0].Value;
            int digits = text.TakeWhile(c => char.IsAsciiDigit(c) || c == '.').Count();
            double factor = units.FirstOrDefault(unit => unit.Unit == text[digits..].Replace("/s", "", StringComparison.Ordinal)).Factor;
            if (factor > 0 && double.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
                && number * factor is > 0 and < double.PositiveInfinity)
                return number * factor;

            argument.AddError($"{name} {text}: must be {rule}.");
            return null;
        },
    };
}
