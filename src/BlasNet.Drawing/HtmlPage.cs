using System.Text;
using static BlasNet.Drawing.SvgText;

namespace BlasNet.Drawing;

/// <summary>A page of pictures that needs nothing but itself.</summary>
public static class HtmlPage
{
    private const string Style = Theme.Colours + Theme.Pictures + """
        *{box-sizing:border-box} body{margin:0 auto;max-width:75rem;padding:1.5rem 1rem 4rem;background:var(--bg);color:var(--ink);font:1.05rem/1.55
        """ + " " + Theme.Sans + "}\n" + """
        h1{font-size:1.7rem;line-height:1.2} h2{font-size:1.25rem;margin:2.5rem 0 .3rem} summary{cursor:pointer;font:600 1rem/2
        """ + " " + Theme.Mono + "}\n" + """
        figure{margin:1rem 0;overflow-x:auto} pre{overflow-x:auto;font:.9rem/1.5
        """ + " " + Theme.Mono + "}\n" + """
        svg{display:block;margin:0 auto} figure:focus-visible{outline:2px solid var(--s1)}

        """;

    /// <param name="title">Of the page.</param>
    /// <param name="sections">One below the other.</param>
    /// <param name="ending">Plain text of fixed width after the pictures.</param>
    public static string Of(string title, IEnumerable<HtmlSection> sections, string? ending = null)
    {
        var page = new StringBuilder();
        page.Line($"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
        page.Line($"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"><link rel=\"icon\" href=\"data:,\">");
        page.Line($"<title>{Escape(title)}</title><style>{Style}</style></head><body>\n<h1>{Escape(title)}</h1>");
        foreach (HtmlSection section in sections)
            Append(page, section);

        if (ending is not null)
            page.Line($"<pre>{Escape(ending)}</pre>");

        return page.Append("</body></html>\n").ToString();
    }

    private static void Append(StringBuilder page, HtmlSection section)
    {
        string heading = Escape(section.Heading);
        string body = $"<p>{Escape(section.Sentence)}</p>\n<figure tabindex=\"0\">{section.Svg}</figure>";
        page.Line(section.IsFolded
            ? $"<details><summary>{heading}</summary>{body}</details>"
            : (FormattableString)$"<section><h2>{heading}</h2>{body}</section>");
    }
}
