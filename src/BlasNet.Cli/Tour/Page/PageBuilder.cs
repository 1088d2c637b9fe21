using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using BlasNet.Cli.Drawing;
using BlasNet.Drawing;

namespace BlasNet.Cli.Tour.Page;

/// <summary>Puts the page together: one file that needs nothing else and asks nobody.</summary>
internal sealed class PageBuilder
{
    private const double Narrow = 340;
    private readonly StringBuilder _body = new();
    private readonly List<(string Id, string Name)> _sections = [];
    private readonly List<(string Name, string Svg)> _pictures = [];
    private int _steppers;

    /// <summary>Every picture by itself, with its own styles, under a name for a file.</summary>
    public IReadOnlyList<(string Name, string Svg)> AllPictures => _pictures;

    /// <summary>Begins a section.</summary>
    /// <param name="id">Its anchor.</param>
    /// <param name="name">A few words for the list of contents.</param>
    /// <param name="question">Its heading.</param>
    /// <param name="answer">The short answer, as HTML.</param>
    public void Section(string id, string name, string question, string answer)
    {
        if (_sections.Count > 0)
            _body.Append("</section>\n");

        _sections.Add((id, name));
        _body.Append(CultureInfo.InvariantCulture, $"<section id=\"{id}\"><h2><span class=\"number\">{_sections.Count}</span>{question}</h2>\n<p class=\"answer\">{answer}</p>\n");
    }

    public void Heading(string text) => _body.Append("<h3>").Append(text).Append("</h3>\n");

    /// <summary>A paragraph of HTML.</summary>
    public void Text(string html) => _body.Append("<p>").Append(html).Append("</p>\n");

    /// <summary>Any HTML.</summary>
    public void Html(string html) => _body.Append(html).Append('\n');

    /// <summary>Pictures side by side, each with a title above it.</summary>
    public void Pictures(string caption, params ReadOnlySpan<(string Title, string Svg)> pictures)
    {
        _body.Append("<figure class=\"pictures\">");
        foreach (var (title, svg) in pictures)
        {
            Keep(title, svg);
            _body.Append("<div class=\"picture\"><h4>").Append(title).Append("</h4><div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"").Append(SvgText.Escape(Plain(title))).Append("\">").Append(svg).Append("</div></div>");
        }

        _body.Append("<figcaption>").Append(caption).Append("</figcaption></figure>\n");
    }

    /// <summary>A chart, drawn for a wide and for a narrow screen; the style sheet shows one of them.</summary>
    public void Chart(Chart chart, string caption, double height = 400) => Figure(
        chart.Title, chart.ToSvg(740, height), chart.ToSvg(Narrow, Math.Min(height, 330)), caption);

    /// <summary>Bars, drawn for a wide and for a narrow screen.</summary>
    public void Bars(BarChart chart, string caption) => Figure(chart.Title, chart.ToSvg(740), chart.ToSvg(Narrow), caption);

    /// <summary>A table; the first column names the rows, the others are numbers.</summary>
    public void Table(string caption, string[] head, IEnumerable<string[]> rows)
    {
        _body.Append("<figure><div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table><thead><tr>");
        foreach (string cell in head)
            _body.Append("<th scope=\"col\">").Append(cell).Append("</th>");

        _body.Append("</tr></thead><tbody>");
        foreach (string[] row in rows)
        {
            _body.Append("<tr><th scope=\"row\">").Append(row[0]).Append("</th>");
            foreach (string cell in row[1..])
                _body.Append("<td>").Append(cell).Append("</td>");

            _body.Append("</tr>");
        }

        _body.Append("</tbody></table></div><figcaption>").Append(caption).Append("</figcaption></figure>\n");
    }

    /// <summary>C# that ran for this page.</summary>
    public void Source(string file, string region, string caption) =>
        _body.Append("<figure class=\"code\"><pre tabindex=\"0\"><code>").Append(SourceCode.ToHtml(SourceCode.Region(file, region))).Append("</code></pre><figcaption>").Append(caption).Append("</figcaption></figure>\n");

    /// <summary>Sources one above another, and one beside them.</summary>
    public void Sources(string caption, (string Title, string Code)[] left, (string Title, string Code) right)
    {
        _body.Append("<figure class=\"code beside\">");
        foreach ((string Title, string Code)[] column in ((string, string)[][])[left, [right]])
        {
            _body.Append("<div>");
            foreach (var (title, code) in column)
            {
                _body.Append("<h4>").Append(title).Append("</h4>");
                _body.Append("<pre tabindex=\"0\"><code>").Append(SourceCode.ToHtml(code)).Append("</code></pre>");
            }

            _body.Append("</div>");
        }

        _body.Append("<figcaption>").Append(caption).Append("</figcaption></figure>\n");
    }

    /// <summary>Nodes merging step by step: the minibatch graph, the batched graph, and the schedule.</summary>
    public void Stepper(string title, string minibatch, string batched, IReadOnlyList<MergeStep> steps)
    {
        string id = string.Create(CultureInfo.InvariantCulture, $"stepper{++_steppers}");
        Keep($"minibatch {_steppers}", minibatch);
        Keep($"batched {_steppers}", batched);
        _body.Append(CultureInfo.InvariantCulture, $"<figure class=\"stepper\" id=\"{id}\" aria-label=\"{SvgText.Escape(title)}\"><h4>{title}</h4>");
        _body.Append("<div class=\"controls\" hidden><button type=\"button\" data-do=\"first\" >Start</button><button type=\"button\" data-do=\"back\">◂ Back</button>")
            .Append("<button type=\"button\" data-do=\"next\">Next ▸</button><button type=\"button\" data-do=\"last\" >End</button>")
            .Append(CultureInfo.InvariantCulture, $"<input type=\"range\" min=\"0\" max=\"{steps.Count}\" value=\"{steps.Count}\" aria-label=\"Step\"><output></output></div>");
        _body.Append("<div class=\"stage\"><div class=\"picture from\"><h5>Minibatch graph</h5><div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Minibatch graph\">").Append(minibatch)
            .Append("</div></div><div class=\"picture to\"><h5>Batched graph</h5><div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Batched graph\">").Append(batched).Append("</div></div>");
        _body.Append("<div class=\"schedule\"><h5>Schedule</h5><ol aria-live=\"polite\">");
        foreach (MergeStep step in steps)
        {
            string members = string.Join(' ', step.Members), stacks = string.Join(' ', step.Stacks);
            _body.Append(CultureInfo.InvariantCulture, $"<li data-members=\"{members}\" data-stacks=\"{stacks}\">{step.Text}</li>");
        }

        _body.Append("</ol></div></div><figcaption>The keys ← and → do the same while a button or the slider has the focus.</figcaption></figure>\n");
    }

    /// <summary>The whole page.</summary>
    /// <param name="title">Of the page.</param>
    /// <param name="lead">A paragraph under the title, as HTML.</param>
    /// <param name="ending">What stands after the last section, as HTML.</param>
    public string Build(string title, string lead, string ending)
    {
        string style = Theme.Colours + Theme.Pictures + Resource("tour.css").Replace("FONT-SANS", Theme.Sans, StringComparison.Ordinal).Replace("FONT-MONO", Theme.Mono, StringComparison.Ordinal);
        string script = Resource("tour.js");
        string contents = string.Concat(_sections.Select((section, i) => $"<li><a href=\"#{section.Id}\"><span class=\"number\">{i + 1}</span>{section.Name}</a></li>"));
        return $"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '{HashOf(style)}'; script-src '{HashOf(script)}'; img-src data:; base-uri 'none'; form-action 'none'">
            <link rel="icon" href="data:,"><meta name="color-scheme" content="light dark"><title>{title}</title>
            <style>{style}</style></head><body>
            <a class="skip" href="#{_sections[0].Id}">To the first question</a>
            <header><h1>{title}</h1><p class="lead">{lead}</p><nav aria-label="Contents"><ol>{contents}</ol></nav></header>
            <main>{_body}</section></main>
            {ending}
            <script>{script}</script></body></html>

            """.ReplaceLineEndings("\n");
    }

    private void Keep(string title, string svg)
    {
        string name = string.Concat(Plain(title).ToLowerInvariant().Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '-')).Trim('-');
        while (name.Contains("--", StringComparison.Ordinal))
            name = name.Replace("--", "-", StringComparison.Ordinal);

        int at = svg.IndexOf("</desc>", StringComparison.Ordinal) + "</desc>".Length;
        _pictures.Add((name.Length <= 48 ? name : name[..48].TrimEnd('-'), svg.Insert(at, "\n" + Theme.Element)));
    }

    private void Figure(string title, string wide, string narrow, string caption)
    {
        Keep(title, wide);
        _body.Append("<figure class=\"chart-figure\"><h4>").Append(SvgText.Escape(title))
        .Append("</h4><div class=\"wide\">").Append(wide).Append("</div><div class=\"narrow\">").Append(narrow).Append("</div><figcaption>").Append(caption).Append("</figcaption></figure>\n");
    }

    private static string Resource(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"page/{name}")!;
        return new StreamReader(stream).ReadToEnd().ReplaceLineEndings("\n");
    }

    private static string HashOf(string text) => $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";

    private static string Plain(string html) => System.Text.RegularExpressions.Regex.Replace(html, "<[^>]*>", "");
}

/// <summary>Nodes of the minibatch graph that become one node of the batched graph.</summary>
/// <param name="Members">Nodes of the minibatch graph.</param>
/// <param name="Stacks">The node that they become, and the gathers that bring its operands into order.</param>
/// <param name="Text">What happens, as HTML.</param>
internal sealed record MergeStep(IReadOnlyList<int> Members, IReadOnlyList<int> Stacks, string Text);
