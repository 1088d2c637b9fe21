namespace BlasNet.Drawing;

/// <summary>Colours and fonts of all pictures, for light and dark screens and for paper.</summary>
/// <remarks>Series colours differ in lightness too, so that they can be told apart without colour, and have a contrast of at least 4.5 : 1 against the
/// background, since lines are labelled in their own colour.</remarks>
public static class Theme
{
    private const string Light = """
        --bg:#fff; --ink:#1b1e23; --muted:#5b626b; --rule:#d9dce0; --grid:#eaecef;
        --s1:#1f5fa8; --s2:#b34a00; --s3:#1d7044; --s4:#7a3fb0; --s5:#8a6100; --s6:#a3245c;
        --e1:#d6e8fb; --e1b:#1f6fc0; --e2:#ffe3c7; --e2b:#c25a00; --e3:#dcf3df; --e3b:#2c7f47; --e4:#ecdffa; --e4b:#7d46b5;
        --product:#ffd9d2; --productb:#b8392a; --function:#e7e4fb; --functionb:#6152c2; --sum:#d9f2e3; --sumb:#247a4c;
        --move:#eceef1; --moveb:#767e88; --data:#fff; --datab:#767e88; --parameter:#fff3c4; --parameterb:#947000; --call:#d5f0f4; --callb:#13737f;
        """;

    private const string Dark = """
        --bg:#14171b; --ink:#eceef0; --muted:#a2aab4; --rule:#3b424b; --grid:#272c33;
        --s1:#7db8f5; --s2:#f7a35f; --s3:#72cf98; --s4:#c8a0f2; --s5:#e6c35c; --s6:#f58bb6;
        --e1:#173754; --e1b:#6db1f5; --e2:#54310f; --e2b:#f7a35f; --e3:#1c4029; --e3b:#74ce93; --e4:#3a2754; --e4b:#c8a0f2;
        --product:#57231c; --productb:#f58a7c; --function:#2c2758; --functionb:#a99df5; --sum:#173f2a; --sumb:#6fcb97;
        --move:#2a2f36; --moveb:#9aa3ad; --data:#14171b; --datab:#9aa3ad; --parameter:#453906; --parameterb:#e2c14d; --call:#113f46; --callb:#6fcad6;
        """;

    /// <summary>Fonts of text.</summary>
    public const string Sans = "system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Liberation Sans',Arial,sans-serif";

    /// <summary>Fonts of code.</summary>
    public const string Mono = "ui-monospace,'SF Mono',Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace";

    /// <summary>The colours as custom properties of the root element.</summary>
    public const string Colours =
        ":root{" + Light + "color-scheme:light dark}\n"
        + "@media screen and (prefers-color-scheme:dark){:root{" + Dark + "}}\n";

    /// <summary>What the classes in pictures mean; needs <see cref="Colours"/> beside it.</summary>
    public const string Pictures = ChartStyle + GraphStyle;

    private const string ChartStyle = """
        .chart text{font:13px
        """ + " " + Sans + ";fill:var(--ink)}\n" + """
        .chart .muted{fill:var(--muted)} .chart .axis{stroke:var(--muted);fill:none;stroke-width:1} .chart .grid{stroke:var(--grid);stroke-width:1}
        .chart .name{font-weight:600;paint-order:stroke;stroke:var(--bg);stroke-width:4px} .chart .reference{stroke:var(--muted);stroke-width:1.5;stroke-dasharray:5 4;fill:none}
        .chart .line{fill:none;stroke-width:2.5;stroke-linejoin:round;stroke-linecap:round} .chart .dashed{stroke-dasharray:7 5} .chart .point{stroke:var(--bg);stroke-width:1}
        .l0{stroke:var(--muted)} .f0{fill:var(--muted)} .chart text.f0{fill:var(--muted)} .l1{stroke:var(--s1)} .l2{stroke:var(--s2)} .l3{stroke:var(--s3)} .l4{stroke:var(--s4)} .l5{stroke:var(--s5)} .l6{stroke:var(--s6)}
        .f1{fill:var(--s1)} .f2{fill:var(--s2)} .f3{fill:var(--s3)} .f4{fill:var(--s4)} .f5{fill:var(--s5)} .f6{fill:var(--s6)}
        .chart text.f1{fill:var(--s1)} .chart text.f2{fill:var(--s2)} .chart text.f3{fill:var(--s3)} .chart text.f4{fill:var(--s4)} .chart text.f5{fill:var(--s5)} .chart text.f6{fill:var(--s6)}
        .band{opacity:.18;stroke:none}

        """;

    private const string GraphStyle = """
        .graph text{font:13px
        """ + " " + Mono + ";fill:var(--ink);text-anchor:middle}\n" + """
        .graph .type{fill:var(--muted);font-size:12px} .graph .badge{font-size:11px;font-weight:700;fill:var(--bg)} .graph .count{fill:var(--ink)} .graph .key{text-anchor:start;font-size:12px}
        .graph .edge{fill:none;stroke:var(--muted);stroke-width:1.4} .graph .back{stroke-dasharray:5 4} .graph .head{fill:var(--muted)}
        .graph .box{stroke-width:1.5} .graph .chip{stroke-width:1;fill:var(--parameter);stroke:var(--parameterb)}
        .product .box{fill:var(--product);stroke:var(--productb)} .function .box{fill:var(--function);stroke:var(--functionb)}
        .sum .box{fill:var(--sum);stroke:var(--sumb)} .move .box{fill:var(--move);stroke:var(--moveb)} .data .box{fill:var(--data);stroke:var(--datab)}
        .parameter .box{fill:var(--parameter);stroke:var(--parameterb)} .call .box{fill:var(--call);stroke:var(--callb)}
        .e1 .box{fill:var(--e1);stroke:var(--e1b)} .e2 .box{fill:var(--e2);stroke:var(--e2b)} .e3 .box{fill:var(--e3);stroke:var(--e3b)} .e4 .box{fill:var(--e4);stroke:var(--e4b)}
        .cell{stroke-width:1;stroke:var(--bg)} .cell.c1{fill:var(--e1b)} .cell.c2{fill:var(--e2b)} .cell.c3{fill:var(--e3b)} .cell.c4{fill:var(--e4b)} .cell.c0{fill:var(--moveb)}

        """;

    /// <summary>A style element that makes one picture complete by itself.</summary>
    public const string Element = "<style>" + Colours + Pictures + "svg{background:var(--bg)}</style>";
}
