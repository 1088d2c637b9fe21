using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Tour;
using BlasNet.Training;
using Spectre.Console;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet tour</c>: five questions about minibatches, answered by running them, as a page.</summary>
internal static class TourCommand
{
    private const string Description = """
        Answer five questions about minibatches by measuring on this machine, and write the answers as one page for a browser.

        Examples:
          blasnet tour                        takes two or three minutes and writes tour.html
          blasnet tour --quick --json t.json  at most forty seconds, and all numbers in a file of their own
        """;

    public static Command Create(CommandContext context)
    {
        Option<string?> output = CliOptions.FileName("--out", "The page; tour.html unless told otherwise.");
        Option<string?> json = CliOptions.FileName("--json", "Write all numbers of the page to this file too.");
        Option<string?> pictures = CliOptions.FileName("--pictures", "Write every picture of the page into this folder too, as an SVG file of its own.");
        Option<bool> quick = new("--quick") { Description = "Measure fewer sizes, and each for a shorter time." };
        var tour = new Command("tour", Description) { output, quick, json, pictures };
        tour.SetAction(options => Run(context, options.GetValue(output) ?? "tour.html", options.GetValue(json), options.GetValue(pictures), new TourOptions(options.GetValue(quick))));
        return tour;
    }

    private static void Run(CommandContext context, string path, string? json, string? folder, TourOptions options)
    {
        using AtomicFile page = Open(path);   // a name that cannot be written is an error now, not in three minutes
        using AtomicFile? numbers = json is null ? null : Open(json);
        var (html, result, pictures) = context.Status.Profile.Out.IsTerminal
            ? context.Status.Progress().AutoClear(true).Start(progress =>
            {
                ProgressTask task = progress.AddTask("starting", maxValue: 1);
                return TourPage.Run(options, (fraction, what) => (task.Value, task.Description) = (fraction, what), context.Cancellation);
            })
            : TourPage.Run(options, new Lines(context.Error).Report, context.Cancellation);
        Write(page, html);
        if (numbers is not null)
            Write(numbers, JsonSerializer.Serialize(result, TourJson.Default.TourResult) + "\n");

        if (folder is not null)
            WriteAll(folder, pictures);

        context.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFullPath(path)} written after {result.Seconds:0} s. Open it in a browser; it needs no network."));
    }

    private static void WriteAll(string folder, IReadOnlyList<(string Name, string Svg)> pictures)
    {
        try
        {
            Directory.CreateDirectory(folder);
            foreach (var (name, svg) in pictures)
                File.WriteAllText(Path.Combine(folder, $"{name}.svg"), svg);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"{folder}: {e.Message}");
        }
    }

    private static AtomicFile Open(string path)
    {
        try
        {
            return new AtomicFile(path);
        }
        catch (IOException e)
        {
            throw new CommandException(e.Message);
        }
    }

    private static void Write(AtomicFile file, string text)
    {
        try
        {
            file.Write(Encoding.UTF8.GetBytes(text));
            file.Commit();
        }
        catch (IOException e)
        {
            throw new CommandException(e.Message);
        }
    }

    /// <summary>Where there is no terminal: a line whenever something else begins.</summary>
    private sealed class Lines(TextWriter error)
    {
        private string _last = "";

        public void Report(double fraction, string what)
        {
            if (what == _last)
                return;

            _last = what;
            error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{100 * fraction,3:0} % {what}"));
        }
    }
}
